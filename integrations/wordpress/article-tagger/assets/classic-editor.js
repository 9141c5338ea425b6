/**
 * The panel in the box of the classic editor, and what happens to the form there: WordPress sets the terms that the form
 * has when it is sent, so the form must learn of each term that the post was given.
 */
( function ( wp, $ ) {
	'use strict';

	const { createElement: el } = wp.element;

	/**
	 * Return the box of a term in the list of its taxonomy, or null.
	 *
	 * @param {Object} term A term.
	 */
	function box( term ) {
		return document.getElementById( `in-${ term.taxonomy }-${ term.id }` );
	}

	/**
	 * Add a term that was made to the list of its taxonomy.
	 *
	 * @param {Object} term A term.
	 */
	function addBox( term ) {
		const list = document.getElementById( `${ term.taxonomy }checklist` );
		if ( ! list ) {
			return null;
		}
		const input = $( '<input type="checkbox">' ).attr( {
			id: `in-${ term.taxonomy }-${ term.id }`,
			name: term.taxonomy === 'category' ? 'post_category[]' : `tax_input[${ term.taxonomy }][]`,
			value: term.id,
		} );
		const label = $( '<label class="selectit">' ).append( input, document.createTextNode( ' ' + term.name ) );
		$( list ).prepend( $( '<li>' ).attr( 'id', `${ term.taxonomy }-${ term.id }` ).append( label ) );
		return input[ 0 ];
	}

	function onTerm( term ) {
		if ( term.hierarchical ) {
			const input = box( term ) || addBox( term );
			if ( input ) {
				input.checked = true;
			}
		} else if ( window.tagBox && document.getElementById( `tax-input-${ term.taxonomy }` ) ) {
			window.tagBox.flushTags( document.getElementById( term.taxonomy ), $( '<span>' ).text( term.name )[ 0 ], 1 );
		}
	}

	function onRemoved( term ) {
		const input = term.hierarchical ? box( term ) : document.getElementById( `tax-input-${ term.taxonomy }` );
		if ( ! input ) {
			return;
		}
		if ( term.hierarchical ) {
			input.checked = false;
			return;
		}
		const comma = wp.i18n._x( ',', 'tag delimiter' ) || ','; // As WordPress itself has it, in its own translation.
		input.value = input.value.split( comma ).filter( ( name ) => name.trim() !== term.name ).join( comma );
		window.tagBox.quickClicks( document.getElementById( term.taxonomy ) );
	}

	function getText() {
		if ( window.tinymce ) {
			window.tinymce.triggerSave(); // What is written there is in the form only when it is sent.
		}
		const value = ( id ) => ( document.getElementById( id ) || { value: '' } ).value;
		return { title: value( 'title' ), content: value( 'content' ), excerpt: value( 'excerpt' ) };
	}

	/**
	 * Call something when title, text or excerpt change.
	 *
	 * @param {Function} onChange What to call.
	 */
	function watchText( onChange ) {
		const fields = $( '#title, #content, #excerpt' ).on( 'input', onChange );
		const watch = ( editor ) => editor && editor.on( 'input change keyup', onChange );
		const made = ( event, editor ) => editor.id === 'content' && watch( editor );
		$( document ).on( 'tinymce-editor-init', made );
		watch( window.tinymce && window.tinymce.get( 'content' ) );
		return () => {
			const editor = window.tinymce && window.tinymce.get( 'content' );
			fields.off( 'input', onChange );
			$( document ).off( 'tinymce-editor-init', made );
			if ( editor ) {
				editor.off( 'input change keyup', onChange );
			}
		};
	}

	const form = { onTerm, onRemoved, getText, watchText, isChanged: () => false }; // The panel is there from the beginning.

	function ArticleTagger( { post } ) {
		return el( window.articleTagger.Panel, { known: window.articleTagger.useSuggestions( post, 0, form ) } );
	}

	$( function () {
		const place = document.getElementById( 'article-tagger-panel' );
		const panel = place && el( ArticleTagger, { post: Number( place.dataset.post ) } );
		if ( place && wp.element.createRoot ) {
			wp.element.createRoot( place ).render( panel );
		} else if ( place ) {
			wp.element.render( panel, place );
		}
	} );
}( window.wp, window.jQuery ) );
