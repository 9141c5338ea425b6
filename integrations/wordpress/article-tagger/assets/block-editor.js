/**
 * The panel in the block editor, and what happens to the form there.
 */
( function ( wp ) {
	'use strict';

	const { createElement: el, useEffect, useRef, useState } = wp.element;
	const { select, dispatch, useSelect } = wp.data;
	const { __ } = wp.i18n;
	const PANEL = 'article-tagger/suggestions';
	const PrePublishPanel = ( wp.editor && wp.editor.PluginPrePublishPanel ) || wp.editPost.PluginPrePublishPanel;
	const DocumentPanel = ( wp.editor && wp.editor.PluginDocumentSettingPanel ) || wp.editPost.PluginDocumentSettingPanel;

	/**
	 * Change which terms the form holds without making it dirty: the post has them already.
	 *
	 * @param {Object}   term   A term.
	 * @param {Function} change Old ids -> new ids.
	 */
	function changeForm( term, change ) {
		const type = select( 'core/editor' ).getCurrentPostType();
		const post = select( 'core/editor' ).getCurrentPostId();
		const saved = select( 'core/editor' ).getCurrentPostAttribute( term.rest_base );
		const edits = select( 'core' ).getEntityRecordEdits( 'postType', type, post ) || {};
		if ( Array.isArray( saved ) ) {
			dispatch( 'core' ).receiveEntityRecords( 'postType', type, { id: post, [ term.rest_base ]: change( saved ) } );
		}
		if ( Array.isArray( edits[ term.rest_base ] ) ) {
			dispatch( 'core' ).editEntityRecord( 'postType', type, post, { [ term.rest_base ]: change( edits[ term.rest_base ] ) }, { undoIgnore: true } );
		}
	}

	/**
	 * Show the form a term that was made: the list of categories is read only once.
	 *
	 * @param {Object} term A term.
	 */
	function show( term ) {
		wp.apiFetch( { path: `/wp/v2/${ term.rest_base }/${ term.id }?context=edit` } ).then(
			( record ) => dispatch( 'core' ).receiveEntityRecords( 'taxonomy', term.taxonomy, [ record ], undefined, true ),
			() => {} // The form shows it after the next load; the post has it anyway.
		);
	}

	function onTerm( term ) {
		changeForm( term, ( ids ) => ids.includes( term.id ) ? ids : [ ...ids, term.id ] );
		show( term );
	}

	function onRemoved( term ) {
		changeForm( term, ( ids ) => ids.filter( ( id ) => id !== term.id ) );
		const left = select( 'core/editor' ).getEditedPostAttribute( term.rest_base );
		if ( Array.isArray( left ) && left.length === 0 && panels().select.isEditorPanelOpened( `taxonomy-panel-${ term.taxonomy }` ) ) {
			// The field of WordPress goes on showing its last term, and saves it with the next one, until it is drawn anew.
			panels().dispatch.toggleEditorPanelOpened( `taxonomy-panel-${ term.taxonomy }` );
			setTimeout( () => panels().dispatch.toggleEditorPanelOpened( `taxonomy-panel-${ term.taxonomy }` ) );
		}
	}

	/**
	 * Return the store that knows which panels are open; 6.5 moved it.
	 */
	function panels() {
		const name = select( 'core/edit-post' ).isEditorPanelOpened ? 'core/edit-post' : 'core/editor';
		return { select: select( name ), dispatch: dispatch( name ) };
	}

	/**
	 * Count the saves that went well; those that the editor makes by itself are none.
	 */
	function useSaves() {
		const [ saves, setSaves ] = useState( 0 );
		const was = useRef( false );
		const saving = useSelect( ( from ) => from( 'core/editor' ).isSavingPost() && ! from( 'core/editor' ).isAutosavingPost(), [] );
		useEffect( () => {
			if ( was.current && ! saving ) {
				setSaves( ( n ) => n + 1 );
			}
			was.current = saving;
		}, [ saving ] );
		return saves;
	}

	/**
	 * Open the panel when somebody sees it for the first time; whoever closes it finds it closed.
	 */
	function openOnce() {
		if ( select( 'core/preferences' ).get( 'article-tagger', 'opened' ) ) {
			return;
		}
		if ( ! panels().select.isEditorPanelOpened( PANEL ) ) {
			panels().dispatch.toggleEditorPanelOpened( PANEL );
		}
		dispatch( 'core/preferences' ).set( 'article-tagger', 'opened', true );
	}

	function getText() {
		const { getEditedPostAttribute, getEditedPostContent } = select( 'core/editor' );
		return { title: getEditedPostAttribute( 'title' ) || '', content: getEditedPostContent(), excerpt: getEditedPostAttribute( 'excerpt' ) || '' };
	}

	/**
	 * Call something when title, text or excerpt change. Nothing is drawn anew, and no text is put together.
	 *
	 * @param {Function} onChange What to call.
	 */
	function watchText( onChange ) {
		const parts = () => {
			const { getEditedPostAttribute } = select( 'core/editor' );
			return [ getEditedPostAttribute( 'title' ), select( 'core/block-editor' ).getBlocks(), getEditedPostAttribute( 'excerpt' ) ];
		};
		let before = parts();
		return wp.data.subscribe( () => {
			const now = parts();
			if ( now.some( ( part, n ) => part !== before[ n ] ) ) {
				before = now;
				onChange();
			}
		} );
	}

	function ArticleTagger() {
		const post = useSelect( ( from ) => from( 'core/editor' ).getCurrentPostId(), [] );
		const known = window.articleTagger.useSuggestions( post, useSaves(), { onTerm, onRemoved, getText, watchText, isChanged: () => select( 'core/editor' ).isEditedPostDirty() } );
		useEffect( openOnce, [] );
		const n = known.answer ? known.answer.suggestions.length : 0;
		const title = __( 'Suggested tags', 'article-tagger' ) + ( n ? ` (${ n })` : '' );
		const panel = () => el( window.articleTagger.Panel, { known } );
		return el( wp.element.Fragment, {},
			el( DocumentPanel, { name: 'suggestions', title, className: 'article-tagger-panel' }, panel() ),
			el( PrePublishPanel, { title, className: 'article-tagger-panel', initialOpen: n > 0 }, panel() )
		);
	}

	wp.plugins.registerPlugin( 'article-tagger', { render: ArticleTagger, icon: null } );
}( window.wp ) );
