/**
 * The panel: what is suggested for a post, and what an editor does with it. Both editors show it.
 */
( function ( wp ) {
	'use strict';

	const { createElement: el, useEffect, useRef, useState } = wp.element;
	const { Button, Notice, Spinner, TextareaControl, TextControl } = wp.components;
	const { __, sprintf } = wp.i18n;
	const { addQueryArgs } = wp.url;
	const { useArrivals, useFocus, useLive, useSight, told } = window.articleTagger;

	const REASONS = [
		[ '', __( 'No reason', 'article-tagger' ) ],
		[ 'wrong', __( 'Wrong', 'article-tagger' ) ],
		[ 'passing_mention', __( 'Only a passing mention', 'article-tagger' ) ],
		[ 'too_general', __( 'Too general', 'article-tagger' ) ],
		[ 'too_specific', __( 'Too specific', 'article-tagger' ) ],
		[ 'wrong_sense', __( 'Wrong sense of the word', 'article-tagger' ) ],
	];
	const ABOUT = {
		main: __( 'Main subject', 'article-tagger' ),
		secondary: __( 'Secondary subject', 'article-tagger' ),
		passing: __( 'Mentioned in passing', 'article-tagger' ),
	};
	const AWAY = __( 'WordPress does not answer. Try again.', 'article-tagger' );

	/**
	 * The reasons for a rejection, to choose from.
	 *
	 * @param {Object}   props          What it is made of.
	 * @param {string}   props.label    The label of the tag.
	 * @param {Function} props.onReason Called with the reason.
	 * @param {Function} props.onCancel Called if it is no rejection after all.
	 */
	function Reasons( { label, onReason, onCancel } ) {
		const first = useRef();
		useEffect( () => first.current.focus(), [] );
		/* translators: %s: the label of a tag */
		const question = sprintf( __( 'Why is “%s” rejected?', 'article-tagger' ), label );
		return el( 'div', {
			className: 'article-tagger-reasons',
			role: 'group',
			'aria-label': question,
			onKeyDown: ( event ) => event.key === 'Escape' && ( event.stopPropagation(), onCancel() ),
		},
			REASONS.map( ( [ reason, text ], n ) => el( Button, {
				key: reason,
				ref: n === 0 ? first : undefined,
				variant: 'tertiary',
				isSmall: true,
				onClick: () => onReason( reason ),
			}, text ) ),
			el( Button, { variant: 'link', isSmall: true, onClick: onCancel }, __( 'Cancel', 'article-tagger' ) )
		);
	}

	/**
	 * More on a suggestion: what speaks against it, when its tag is used, and past posts that have it.
	 *
	 * @param {Object}   props       What it is made of.
	 * @param {Object}   props.one   The suggestion.
	 * @param {Function} props.onWhy Called for the rest of it.
	 */
	function Details( { one, onWhy } ) {
		const [ more, setMore ] = useState( null );
		const [ failure, setFailure ] = useState( '' );
		useEffect( () => {
			let ended = false;
			onWhy( one.id ).then( ( found ) => ended || setMore( found ), ( error ) => ended || setFailure( error.message || AWAY ) );
			return () => {
				ended = true;
			};
		}, [ one.id ] );
		const line = ( title, text ) => el( wp.element.Fragment, {}, el( 'dt', {}, title ), el( 'dd', { dir: 'auto' }, text ) );
		const nothing = more && ! one.about && ! one.against.length && ! more.note && ! more.precedents.length;
		return el( 'div', { className: 'article-tagger-details' },
			el( 'dl', {},
				one.about && line( __( 'In this article', 'article-tagger' ), ABOUT[ one.about ] ),
				one.against.length > 0 && line( __( 'What speaks against it', 'article-tagger' ), one.against.join( ', ' ) ),
				more && more.note && line( __( 'When to use it', 'article-tagger' ), more.note ),
				more && more.precedents.length > 0 && line( __( 'Similar posts with this tag', 'article-tagger' ), el( 'ul', {},
					more.precedents.map( ( { title, url, percent }, n ) => el( 'li', { key: n },
						el( 'a', { href: url, target: '_blank', rel: 'noopener' }, title || url ),
						/* translators: %d: how much two texts resemble each other, in percent */
						' ' + sprintf( __( '(%d %% alike)', 'article-tagger' ), percent ) ) ) ) )
			),
			el( 'div', { role: 'status' },
				! more && ! failure && el( Spinner ),
				failure,
				nothing && __( 'There is nothing more to say.', 'article-tagger' ) )
		);
	}

	/**
	 * A suggestion with its score, its reason and what can be done with it.
	 *
	 * @param {Object}   props           What it is made of.
	 * @param {Object}   props.one       The suggestion.
	 * @param {boolean}  props.canDecide Whether it can be decided on.
	 * @param {boolean}  props.busy      Whether something is under way.
	 * @param {Function} props.onDecide  Called with the action, the suggestion and a reason.
	 * @param {Function} props.onWhy     Called for more on it.
	 */
	function Suggestion( { one, canDecide, busy, onDecide, onWhy } ) {
		const [ rejecting, setRejecting ] = useState( false );
		const [ open, setOpen ] = useState( false );
		const reject = useRef();
		const cancel = () => {
			setRejecting( false );
			reject.current.focus();
		};
		const percent = Math.min( Math.round( one.score * 100 ), 99 ); // Nothing is certain.
		/* translators: 1: the label of a tag, 2: a number */
		const heard = sprintf( __( '%1$s, score %2$d percent', 'article-tagger' ), one.label, percent );
		const accept = one.added ? __( 'Keep', 'article-tagger' ) : __( 'Accept', 'article-tagger' );
		/* translators: 1: a verb such as Accept, 2: the label of a tag */
		const named = ( verb ) => sprintf( __( '%1$s: %2$s', 'article-tagger' ), verb, one.label );
		return el( 'li', { className: 'article-tagger-suggestion', 'data-tag': one.id, 'aria-label': heard },
			el( 'div', { className: 'article-tagger-head' },
				el( 'div', { className: 'article-tagger-names' },
					el( 'span', { className: 'article-tagger-label', dir: 'auto' }, one.label ),
					one.kind === 'category' && el( 'span', { className: 'article-tagger-mark' }, __( 'Category', 'article-tagger' ) ),
					one.added && el( 'span', { className: 'article-tagger-mark' }, one.archive ? __( 'From an archive run', 'article-tagger' ) : __( 'Added by itself', 'article-tagger' ) ),
					one.about === 'passing' && el( 'span', { className: 'article-tagger-mark' }, ABOUT.passing )
				),
				el( 'span', { className: 'article-tagger-score', 'aria-hidden': true }, `${ percent } %` )
			),
			one.words.length > 0 && el( 'p', { className: 'article-tagger-words', dir: 'auto' },
				/* translators: %s: words of the text, with commas between */
				sprintf( __( 'because of: %s', 'article-tagger' ), one.words.join( ', ' ) ) ),
			el( 'div', { className: 'article-tagger-actions' },
				canDecide && el( Button, { variant: 'secondary', isSmall: true, disabled: busy, 'aria-label': named( accept ), onClick: () => onDecide( 'accept', one ) }, accept ),
				canDecide && el( Button, { variant: 'tertiary', isSmall: true, isDestructive: true, disabled: busy, ref: reject, 'aria-expanded': rejecting, 'aria-label': named( __( 'Reject', 'article-tagger' ) ), onClick: () => setRejecting( ! rejecting ) }, __( 'Reject', 'article-tagger' ) ),
				el( Button, { variant: 'tertiary', isSmall: true, className: 'article-tagger-more', 'aria-expanded': open, 'aria-label': named( __( 'Details', 'article-tagger' ) ), onClick: () => setOpen( ! open ) }, __( 'Details', 'article-tagger' ) )
			),
			rejecting && el( Reasons, { label: one.label, onReason: ( reason ) => onDecide( 'reject', one, reason ), onCancel: cancel } ),
			open && el( Details, { one, onWhy } )
		);
	}

	/**
	 * The form by which a tag is proposed that is missing.
	 *
	 * @param {Object}   props           What it is made of.
	 * @param {string}   props.label     What the tag shall be called.
	 * @param {Function} props.onPropose Called with the label and a note.
	 * @param {Function} props.onDone    Called with what to say when it was sent, or with nothing.
	 */
	function Proposal( { label, onPropose, onDone } ) {
		const [ note, setNote ] = useState( '' );
		const [ busy, setBusy ] = useState( false );
		const [ failure, setFailure ] = useState( '' );
		const root = useRef();
		useEffect( () => root.current.querySelector( 'textarea' ).focus(), [] );
		const send = () => {
			setBusy( true );
			setFailure( '' );
			onPropose( label, note ).then(
				/* translators: %s: what a tag shall be called */
				() => onDone( sprintf( __( 'Proposed: %s. Whoever keeps the tags decides on it.', 'article-tagger' ), label ) ),
				( error ) => {
					setFailure( error.message || AWAY );
					setBusy( false );
				}
			);
		};
		return el( 'div', {
			className: 'article-tagger-proposal',
			role: 'group',
			/* translators: %s: what a tag shall be called */
			'aria-label': sprintf( __( 'Propose “%s” as a new tag', 'article-tagger' ), label ),
			ref: root,
			onKeyDown: ( event ) => event.key === 'Escape' && ( event.stopPropagation(), onDone( '' ) ),
		},
			/* translators: %s: what a tag shall be called */
			el( TextareaControl, { label: sprintf( __( 'What would “%s” be used for? (optional)', 'article-tagger' ), label ), value: note, onChange: setNote, rows: 2, maxLength: 2000 } ),
			failure && el( 'p', { role: 'alert' }, failure ),
			el( 'div', { className: 'article-tagger-actions' },
				el( Button, { variant: 'secondary', isSmall: true, disabled: busy, onClick: send }, __( 'Send the proposal', 'article-tagger' ) ),
				el( Button, { variant: 'tertiary', isSmall: true, onClick: () => onDone( '' ) }, __( 'Cancel', 'article-tagger' ) ) )
		);
	}

	/**
	 * The field in which a tag is looked for that was not suggested.
	 *
	 * @param {Object}   props           What it is made of.
	 * @param {boolean}  props.busy      Whether something is under way.
	 * @param {Function} props.onDecide  Called with the action and the tag.
	 * @param {Function} props.onPropose Called with the label of a tag that is missing, and a note.
	 */
	function Adding( { busy, onDecide, onPropose } ) {
		const [ words, setWords ] = useState( '' );
		const [ found, setFound ] = useState( null );
		const [ proposing, setProposing ] = useState( false );
		const [ said, setSaid ] = useState( '' );
		const root = useRef();
		useEffect( () => {
			setFound( null );
			setProposing( false );
			let ended = false;
			const timer = words.trim() && setTimeout( () => {
				setSaid( '' );
				wp.apiFetch( { path: addQueryArgs( '/article-tagger/v1/tags', { words } ) } ).then(
					( { tags } ) => ended || setFound( tags ),
					() => ended || setFound( [] )
				);
			}, 250 );
			return () => {
				ended = true;
				clearTimeout( timer );
			};
		}, [ words ] );
		const add = ( tag ) => onDecide( 'add', tag ).then( ( done ) => done && setWords( '' ) );
		const label = words.trim();
		const missing = found && label.length > 1 && ! found.some( ( tag ) => tag.label.toLowerCase() === label.toLowerCase() );
		const proposed = ( text ) => {
			setProposing( false );
			setSaid( text );
			if ( text ) {
				setWords( '' );
			}
			root.current.querySelector( 'input' ).focus();
		};
		return el( 'div', {
			className: 'article-tagger-adding',
			ref: root,
			// Enter would send the form of the classic editor.
			onKeyDown: ( event ) => event.key === 'Enter' && event.target.tagName === 'INPUT' && event.preventDefault(),
		},
			el( TextControl, { label: __( 'Add another tag', 'article-tagger' ), value: words, onChange: setWords, autoComplete: 'off', type: 'search' } ),
			el( 'p', { role: 'status', className: 'article-tagger-said' }, said || ( found && found.length === 0 ? __( 'The article tagger has no such tag.', 'article-tagger' ) : '' ) ),
			found && found.length > 0 && el( 'ul', { 'aria-label': __( 'Tags found', 'article-tagger' ) },
				found.map( ( tag ) => el( 'li', { key: tag.id },
					el( Button, { variant: 'link', disabled: busy, onClick: () => add( tag ) },
						/* translators: %s: the label of a tag */
						sprintf( __( 'Add %s', 'article-tagger' ), tag.label ) ),
					tag.note && el( 'p', { className: 'article-tagger-words', dir: 'auto' }, tag.note ) ) ) ),
			missing && ! proposing && el( Button, { variant: 'link', onClick: () => setProposing( true ) },
				/* translators: %s: what a tag shall be called */
				sprintf( __( 'Propose “%s” as a new tag', 'article-tagger' ), label ) ),
			missing && proposing && el( Proposal, { label, onPropose, onDone: proposed } )
		);
	}

	/**
	 * The panel. Ctrl+Z in it takes back the last decision; in a field it is the field's own.
	 *
	 * @param {Object} props       What it is made of.
	 * @param {Object} props.known What useSuggestions returned.
	 */
	function Panel( { known } ) {
		const { answer, failure, busy, refusal, onComplete, onSuggest, onRead, onWhy, onPropose } = known;
		const root = useRef();
		useLive( Boolean( answer && answer.live ), known );
		useSight( root, known );
		useArrivals( answer );
		const [ decide, undo ] = useFocus( root, known );
		if ( ! answer ) {
			return el( 'div', { className: 'article-tagger' }, failure ? el( 'p', {}, failure ) : el( Spinner ) );
		}
		const onKeyDown = ( event ) => {
			const isUndo = ( event.ctrlKey || event.metaKey ) && ! event.shiftKey && ! event.altKey && event.key.toLowerCase() === 'z';
			if ( isUndo && ! event.target.closest( 'input, textarea' ) ) {
				event.preventDefault();
				event.stopPropagation(); // The editor would take back what was written.
				if ( answer.undo && ! busy ) {
					undo();
				}
			}
		};
		const before = answer.undo && told( answer.undo.action, answer.undo.label );
		return el( 'div', { className: 'article-tagger', 'data-state': answer.state, ref: root, onKeyDown },
			el( 'div', { role: 'status', className: 'article-tagger-message' }, answer.message ),
			refusal && el( Notice, { status: 'error', onRemove: onRead }, refusal ),
			el( 'ul', { className: 'article-tagger-list', 'aria-label': __( 'Suggested tags', 'article-tagger' ) },
				answer.suggestions.map( ( one ) => el( Suggestion, { key: one.id, one, canDecide: answer.can_decide, busy, onDecide: decide, onWhy } ) ) ),
			before && el( 'p', { className: 'article-tagger-undo' },
				el( 'span', { dir: 'auto' }, before ),
				/* translators: %s: what was done, such as “Added: Kabul” */
				el( Button, { variant: 'link', disabled: busy, 'aria-label': sprintf( __( 'Undo: %s', 'article-tagger' ), before ), 'aria-keyshortcuts': 'Control+Z', onClick: undo }, __( 'Undo', 'article-tagger' ) ) ),
			el( 'p', { className: 'article-tagger-now' }, el( Button, { variant: 'link', disabled: busy, onClick: onSuggest }, __( 'Suggest now', 'article-tagger' ) ) ),
			answer.can_decide && el( Adding, { busy, onDecide: decide, onPropose } ),
			answer.can_decide && answer.set && el( 'p', { className: 'article-tagger-complete' }, answer.complete
				? __( 'The tags are complete.', 'article-tagger' )
				: el( Button, { variant: 'secondary', disabled: busy, onClick: onComplete }, __( 'Tags are complete', 'article-tagger' ) ) )
		);
	}

	window.articleTagger.Panel = Panel;
}( window.wp ) );
