/**
 * The screen on which suggestions are accepted: ticks follow the score that is typed, and the button says how many there are.
 */
( function ( wp ) {
	'use strict';

	const { _n, sprintf } = wp.i18n;
	const form = document.getElementById( 'article-tagger-accept' );
	const from = document.getElementById( 'article-tagger-from' );
	if ( ! form || ! from ) {
		return;
	}
	const boxes = [ ...form.querySelectorAll( '[data-score]' ) ];
	const button = form.querySelector( '.button-primary' );

	const count = () => {
		const n = boxes.filter( ( box ) => box.checked ).length;
		button.disabled = n === 0;
		/* translators: %d: a number of tags */
		button.textContent = sprintf( _n( 'Accept %d tag', 'Accept %d tags', n, 'article-tagger' ), n );
	};
	const tick = ( event ) => {
		event.preventDefault();
		boxes.forEach( ( box ) => {
			box.checked = Number( box.dataset.score ) >= Number( from.value );
		} );
		form.elements.from.value = from.value;
		count();
	};
	from.form.querySelector( 'button' ).style.display = 'none'; // It is for pages without scripts.
	from.addEventListener( 'input', tick );
	from.form.addEventListener( 'submit', tick );
	form.addEventListener( 'change', count );
	count();
}( window.wp ) );
