/**
 * The panel: what is suggested for a post, and what an editor does with it. Both editors show it.
 */
( function ( wp ) {
	'use strict';

	const { createElement: el, useCallback, useEffect, useRef, useState } = wp.element;
	const { Button, Notice, Spinner, TextControl } = wp.components;
	const { __, _n, sprintf } = wp.i18n;
	const { addQueryArgs } = wp.url;
	const SPACE = '/article-tagger/v1';
	const PATIENCE = [ 1, 1, 2, 2, 3, 3, 5, 5, 10 ]; // Seconds between two looks while an answer is awaited; then the last.
	const IDLE = 30; // Seconds between two looks otherwise: others decide too.

	const REASONS = [
		[ '', __( 'No reason', 'article-tagger' ) ],
		[ 'wrong', __( 'Wrong', 'article-tagger' ) ],
		[ 'passing_mention', __( 'Only a passing mention', 'article-tagger' ) ],
		[ 'too_general', __( 'Too general', 'article-tagger' ) ],
		[ 'too_specific', __( 'Too specific', 'article-tagger' ) ],
		[ 'wrong_sense', __( 'Wrong sense of the word', 'article-tagger' ) ],
	];

	/**
	 * Look for the answer of a post again and again, soon after a save and seldom later.
	 *
	 * @param {number}   post    The post.
	 * @param {number}   saves   How often it was saved; each save makes the looks frequent again.
	 * @param {Function} onTerms Called with the terms that the post was given meanwhile.
	 */
	function useAnswer( post, saves, onTerms ) {
		const [ answer, setAnswer ] = useState( null );
		const [ decisions, setDecisions ] = useState( 0 );
		const [ failure, setFailure ] = useState( '' );
		const newest = useRef( 0 ); // An answer that was asked for before another says nothing any more.

		const take = useCallback( ( found, number ) => {
			if ( number === newest.current ) {
				setAnswer( found );
				setFailure( '' );
				onTerms( found.added );
			}
			return found;
		}, [] );
		const look = useCallback( () => {
			const number = ++newest.current;
			return wp.apiFetch( { path: `${ SPACE }/posts/${ post }` } ).then( ( found ) => take( found, number ) );
		}, [ post ] );

		useEffect( () => {
			let timer, looks = 0, ended = false;
			const again = ( seconds ) => {
				timer = ended ? 0 : setTimeout( next, seconds * 1000 );
			};
			const next = () => {
				if ( document.hidden ) {
					again( 2 );
					return;
				}
				look().then(
					( found ) => again( found.state === 'waiting' || looks < 2 ? PATIENCE[ Math.min( looks++, PATIENCE.length - 1 ) ] : IDLE ),
					( error ) => {
						setFailure( error.message || '' );
						again( IDLE );
					}
				);
			};
			if ( saves + decisions ) {
				again( 1 ); // What is shown is fresh; what comes of it takes a moment.
			} else {
				next();
			}
			return () => {
				ended = true;
				clearTimeout( timer );
			};
		}, [ post, saves, decisions ] );

		const decide = useCallback( ( data ) => {
			const number = ++newest.current;
			return wp.apiFetch( { path: `${ SPACE }/posts/${ post }/decisions`, method: 'POST', data } ).then( ( found ) => {
				setDecisions( ( n ) => n + 1 );
				return take( found, number );
			} );
		}, [ post ] );
		const complete = useCallback( () => {
			const number = ++newest.current;
			return wp.apiFetch( { path: `${ SPACE }/posts/${ post }/complete`, method: 'POST' } ).then( ( found ) => take( found, number ) );
		}, [ post ] );
		const seen = useCallback( () => wp.apiFetch( { path: `${ SPACE }/posts/${ post }?open=true` } ).catch( () => {} ), [ post ] );
		const suggest = useCallback( ( text ) => {
			const number = ++newest.current;
			return wp.apiFetch( { path: `${ SPACE }/posts/${ post }/suggest`, method: 'POST', data: text } ).then( ( found ) => take( found, number ) );
		}, [ post ] );
		return { answer, failure, look, decide, complete, seen, suggest };
	}

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
	 * A suggestion with its score, its reason and what can be done with it.
	 *
	 * @param {Object}   props          What it is made of.
	 * @param {Object}   props.one      The suggestion.
	 * @param {boolean}  props.busy     Whether something is under way.
	 * @param {Function} props.onDecide Called with the action, the suggestion and a reason.
	 */
	function Suggestion( { one, busy, onDecide } ) {
		const [ rejecting, setRejecting ] = useState( false );
		const reject = useRef();
		const cancel = () => {
			setRejecting( false );
			reject.current.focus();
		};
		const percent = Math.min( Math.round( one.score * 100 ), 99 ); // Nothing is certain.
		/* translators: 1: the label of a tag, 2: a number */
		const heard = sprintf( __( '%1$s, score %2$d percent', 'article-tagger' ), one.label, percent );
		const accept = one.added ? __( 'Keep', 'article-tagger' ) : __( 'Accept', 'article-tagger' );
		return el( 'li', { className: 'article-tagger-suggestion', 'data-tag': one.id, 'aria-label': heard },
			el( 'div', { className: 'article-tagger-head' },
				el( 'div', { className: 'article-tagger-names' },
					el( 'span', { className: 'article-tagger-label', dir: 'auto' }, one.label ),
					one.kind === 'category' && el( 'span', { className: 'article-tagger-mark' }, __( 'Category', 'article-tagger' ) ),
					one.added && el( 'span', { className: 'article-tagger-mark' }, one.archive ? __( 'From an archive run', 'article-tagger' ) : __( 'Added by itself', 'article-tagger' ) )
				),
				el( 'span', { className: 'article-tagger-score', 'aria-hidden': true }, `${ percent } %` )
			),
			one.words.length > 0 && el( 'p', { className: 'article-tagger-words', dir: 'auto' },
				/* translators: %s: words of the text, with commas between */
				sprintf( __( 'because of: %s', 'article-tagger' ), one.words.join( ', ' ) ) ),
			el( 'div', { className: 'article-tagger-actions' },
				/* translators: 1: a verb such as Accept, 2: the label of a tag */
				el( Button, { variant: 'secondary', isSmall: true, disabled: busy, 'aria-label': sprintf( __( '%1$s: %2$s', 'article-tagger' ), accept, one.label ), onClick: () => onDecide( 'accept', one ) }, accept ),
				el( Button, { variant: 'tertiary', isSmall: true, isDestructive: true, disabled: busy, ref: reject, 'aria-expanded': rejecting, 'aria-label': sprintf( __( '%1$s: %2$s', 'article-tagger' ), __( 'Reject', 'article-tagger' ), one.label ), onClick: () => setRejecting( ! rejecting ) }, __( 'Reject', 'article-tagger' ) )
			),
			rejecting && el( Reasons, { label: one.label, onReason: ( reason ) => onDecide( 'reject', one, reason ), onCancel: cancel } )
		);
	}

	/**
	 * The field in which a tag is looked for that was not suggested.
	 *
	 * @param {Object}   props          What it is made of.
	 * @param {boolean}  props.busy     Whether something is under way.
	 * @param {Function} props.onDecide Called with the action and the tag.
	 */
	function Adding( { busy, onDecide } ) {
		const [ words, setWords ] = useState( '' );
		const [ found, setFound ] = useState( null );
		useEffect( () => {
			setFound( null );
			let ended = false;
			const timer = words.trim() && setTimeout( () => {
				wp.apiFetch( { path: addQueryArgs( `${ SPACE }/tags`, { words } ) } ).then(
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
		return el( 'div', {
			className: 'article-tagger-adding',
			// Enter would send the form of the classic editor.
			onKeyDown: ( event ) => event.key === 'Enter' && event.target.tagName === 'INPUT' && event.preventDefault(),
		},
			el( TextControl, { label: __( 'Add another tag', 'article-tagger' ), value: words, onChange: setWords, autoComplete: 'off', type: 'search' } ),
			found && found.length === 0 && el( 'p', { role: 'status' }, __( 'The article tagger has no such tag.', 'article-tagger' ) ),
			found && found.length > 0 && el( 'ul', { 'aria-label': __( 'Tags found', 'article-tagger' ) },
				found.map( ( tag ) => el( 'li', { key: tag.id },
					el( Button, { variant: 'link', disabled: busy, onClick: () => add( tag ) },
						/* translators: %s: the label of a tag */
						sprintf( __( 'Add %s', 'article-tagger' ), tag.label ) ) ) ) )
		);
	}

	/**
	 * Return what is told to somebody who does not see the panel.
	 *
	 * @param {string} action What was done.
	 * @param {string} label  The label of the tag.
	 */
	function told( action, label ) {
		/* translators: %s: the label of a tag */
		return sprintf( action === 'reject' ? __( 'Rejected: %s', 'article-tagger' ) : __( 'Added: %s', 'article-tagger' ), label );
	}

	/**
	 * Keep what is known of a post and what can be done; it also runs while the panel is closed, since the form must learn
	 * of the terms that the post is given.
	 *
	 * @param {number}   post      The post.
	 * @param {number}   saves     How often it was saved since the page was opened.
	 * @param {Function} onTerm    Called with a term that the post was given.
	 * @param {Function} onRemoved Called with a term that it lost.
	 * @param {Function} getText   Called for title, content and excerpt as they are in the form.
	 */
	function useSuggestions( post, saves, onTerm, onRemoved, getText ) {
		const applied = useRef( new Set() ); // Each once: what an editor takes out of the form is not put back.
		const apply = ( term ) => {
			const name = `${ term.taxonomy } ${ term.id }`;
			if ( ! applied.current.has( name ) ) {
				applied.current.add( name );
				onTerm( term );
			}
		};
		const { answer, failure, look, decide, complete, seen, suggest } = useAnswer( post, saves, ( terms ) => terms.forEach( apply ) );
		const [ busy, setBusy ] = useState( false );
		const [ refusal, setRefusal ] = useState( '' );

		const done = ( action, tag, found ) => {
			if ( found.term ) {
				applied.current.delete( `${ found.term.taxonomy } ${ found.term.id }` ); // Wanted now, whatever was before.
				apply( found.term );
			}
			if ( found.removed ) {
				onRemoved( found.removed );
			}
			wp.a11y.speak( told( action, tag.label ) );
			return true;
		};
		const refused = ( error ) => {
			setRefusal( error.message || __( 'WordPress does not answer. Try again.', 'article-tagger' ) );
			look().catch( () => {} );
			return false;
		};
		const onDecide = ( action, tag, reason ) => {
			const data = { action, tag: tag.id, set: answer.set, ...( reason ? { reason } : {} ) };
			setBusy( true );
			setRefusal( '' );
			return decide( data ).then( ( found ) => done( action, tag, found ), refused ).finally( () => setBusy( false ) );
		};
		const onComplete = () => {
			setBusy( true );
			setRefusal( '' );
			return complete().then( () => wp.a11y.speak( __( 'The tags are complete.', 'article-tagger' ) ), refused ).finally( () => setBusy( false ) );
		};
		const onSuggest = () => {
			setBusy( true );
			setRefusal( '' );
			return suggest( getText() ).then( () => {}, ( error ) => setRefusal( error.message || __( 'WordPress does not answer. Try again.', 'article-tagger' ) ) ).finally( () => setBusy( false ) );
		};
		return { answer, failure, busy, refusal, onDecide, onComplete, onSuggest, onSeen: seen, onRead: () => setRefusal( '' ) };
	}

	/**
	 * Keep the focus in the panel: after a decision it is on the card that takes the place of the one that went.
	 *
	 * @param {Array}    suggestions What is shown.
	 * @param {boolean}  busy        Whether something is under way.
	 * @param {Function} onDecide    Called with the action, the suggestion and a reason.
	 */
	function useFocus( suggestions, busy, onDecide ) {
		const root = useRef();
		const next = useRef( null ); // The place of the card that is decided on.
		useEffect( () => {
			if ( busy || next.current === null ) {
				return undefined;
			}
			const timer = setTimeout( () => { // The block editor draws the panel a moment later than this runs.
				const cards = root.current ? root.current.querySelectorAll( '.article-tagger-suggestion' ) : [];
				const card = cards[ Math.min( next.current, cards.length - 1 ) ];
				const target = card ? card.querySelector( 'button' ) : root.current && root.current.querySelector( 'input' );
				const at = document.activeElement; // The body, or what else lies around a button that went.
				next.current = null;
				if ( target && ( ! at || at.contains( root.current ) || root.current.contains( at ) ) ) {
					target.focus();
				}
			}, 50 );
			return () => clearTimeout( timer );
		}, [ busy ] );
		const decide = ( action, one, reason ) => {
			next.current = suggestions.findIndex( ( { id } ) => id === one.id );
			return onDecide( action, one, reason );
		};
		return [ root, decide ];
	}

	/**
	 * Tell somebody who does not see the panel how many suggestions have come.
	 *
	 * @param {?Object} answer What is known of the post.
	 */
	function useArrivals( answer ) {
		const was = useRef( null );
		const n = answer && answer.state === 'ready' ? answer.suggestions.length : 0;
		useEffect( () => {
			if ( answer && answer.state === 'ready' && answer.set !== was.current ) {
				was.current = answer.set;
				if ( n ) {
					/* translators: %d: a number of suggestions */
					wp.a11y.speak( sprintf( _n( '%d suggestion', '%d suggestions', n, 'article-tagger' ), n ) );
				}
			}
		}, [ answer ] );
	}

	/**
	 * The panel.
	 *
	 * @param {Object} props       What it is made of.
	 * @param {Object} props.known What useSuggestions returned.
	 */
	function Panel( { known } ) {
		const { answer, failure, busy, refusal, onDecide, onComplete, onSuggest, onSeen, onRead } = known;
		const set = answer ? answer.set : '';
		useEffect( () => {
			if ( set ) {
				onSeen();
			}
		}, [ set ] );
		useArrivals( answer );
		const [ root, decide ] = useFocus( answer ? answer.suggestions : [], busy, onDecide );
		if ( ! answer ) {
			return el( 'div', { className: 'article-tagger' }, failure ? el( 'p', {}, failure ) : el( Spinner ) );
		}
		return el( 'div', { className: 'article-tagger', 'data-state': answer.state, ref: root },
			el( 'div', { role: 'status', className: 'article-tagger-message' }, answer.message ),
			refusal && el( Notice, { status: 'error', onRemove: onRead }, refusal ),
			el( 'ul', { className: 'article-tagger-list', 'aria-label': __( 'Suggested tags', 'article-tagger' ) },
				answer.suggestions.map( ( one ) => el( Suggestion, { key: one.id, one, busy, onDecide: decide } ) ) ),
			el( 'p', { className: 'article-tagger-now' }, el( Button, { variant: 'link', disabled: busy, onClick: onSuggest }, __( 'Suggest now', 'article-tagger' ) ) ),
			answer.can_decide && el( Adding, { busy, onDecide } ),
			answer.can_decide && set && el( 'p', { className: 'article-tagger-complete' }, answer.complete
				? __( 'The tags are complete.', 'article-tagger' )
				: el( Button, { variant: 'secondary', disabled: busy, onClick: onComplete }, __( 'Tags are complete', 'article-tagger' ) ) )
		);
	}

	window.articleTagger = { Panel, useSuggestions };
}( window.wp ) );
