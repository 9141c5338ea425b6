/**
 * What the panel knows of a post and does for it. Nothing here is seen.
 */
( function ( wp ) {
	'use strict';

	const { useCallback, useEffect, useRef, useState } = wp.element;
	const { __, _n, sprintf } = wp.i18n;
	const SPACE = '/article-tagger/v1';
	const PATIENCE = [ 1, 1, 2, 2, 3, 3, 5, 5, 10 ]; // Seconds between two looks while an answer is awaited; then the last.
	const IDLE = 30; // Seconds between two looks otherwise: others decide too.
	const PAUSE = 2; // Seconds without a change after which a text that is being written is asked about.
	const REST = 30; // Seconds without such questions after one that failed.
	const GLANCE = 0.3; // Seconds in which what comes into sight is told together.

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
		const ask = useCallback( ( path, data ) => {
			const number = ++newest.current;
			const request = data ? { method: 'POST', data } : {};
			return wp.apiFetch( { path: `${ SPACE }/posts/${ post }${ path }`, ...request } ).then( ( found ) => take( found, number ) );
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
				ask( '' ).then(
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

		const act = useCallback( ( path, data ) => ask( path, data ).then( ( found ) => {
			setDecisions( ( n ) => n + 1 );
			return found;
		} ), [ post ] );
		return { answer, failure, ask, act };
	}

	/**
	 * Return what is told to somebody who does not see the panel, and stands beside what takes it back.
	 *
	 * @param {string} action What was done.
	 * @param {string} label  The label of the tag.
	 */
	function told( action, label ) {
		if ( action === 'complete' ) {
			return __( 'Marked as complete', 'article-tagger' );
		}
		/* translators: %s: the label of a tag */
		return sprintf( action === 'reject' ? __( 'Rejected: %s', 'article-tagger' ) : __( 'Added: %s', 'article-tagger' ), label );
	}

	/**
	 * Tell somebody who does not see the panel how many suggestions there are.
	 *
	 * @param {number} n How many.
	 */
	function speakOf( n ) {
		/* translators: %d: a number of suggestions */
		wp.a11y.speak( sprintf( _n( '%d suggestion', '%d suggestions', n, 'article-tagger' ), n ) );
	}

	/**
	 * Keep what is known of a post and what can be done; it also runs while the panel is closed, since the form must learn
	 * of the terms that the post is given.
	 *
	 * @param {number}   post           The post.
	 * @param {number}   saves          How often it was saved since the page was opened.
	 * @param {Object}   form           The form of the editor.
	 * @param {Function} form.onTerm    Called with a term that the post was given.
	 * @param {Function} form.onRemoved Called with a term that it lost.
	 * @param {Function} form.getText   Called for title, content and excerpt as they are in the form.
	 * @param {Function} form.watchText Called with what to call when they change; returns what ends that.
	 * @param {Function} form.isChanged Tells whether there is something that is not saved.
	 */
	function useSuggestions( post, saves, form ) {
		const applied = useRef( new Set() ); // Each once: what an editor takes out of the form is not put back.
		const apply = ( term ) => {
			const name = `${ term.taxonomy } ${ term.id }`;
			if ( ! applied.current.has( name ) ) {
				applied.current.add( name );
				form.onTerm( term );
			}
		};
		const { answer, failure, ask, act } = useAnswer( post, saves, ( terms ) => terms.forEach( apply ) );
		const asked = useRef( '' ); // The last text of which suggestions were asked while it was written.
		const seen = useRef( new Set() ); // Suggestions of which it was told that they came into sight, though the panel is closed and opened again.
		const [ busy, setBusy ] = useState( false );
		const [ refusal, setRefusal ] = useState( '' );

		const follow = ( found ) => {
			if ( found.term ) {
				applied.current.delete( `${ found.term.taxonomy } ${ found.term.id }` ); // Wanted now, whatever was before.
				apply( found.term );
			}
			if ( found.removed ) {
				form.onRemoved( found.removed );
			}
			return found;
		};
		const refused = ( error ) => setRefusal( error.message || __( 'WordPress does not answer. Try again.', 'article-tagger' ) );
		const run = ( request, done ) => {
			setBusy( true );
			setRefusal( '' );
			return request.then( done, ( error ) => {
				refused( error );
				ask( '' ).catch( () => {} );
				return false;
			} ).finally( () => setBusy( false ) );
		};
		const onDecide = ( action, tag, reason ) => {
			const data = { action, tag: tag.id, set: answer.set, ...( reason ? { reason } : {} ) };
			return run( act( '/decisions', data ), ( found ) => {
				follow( found );
				wp.a11y.speak( told( action, tag.label ) );
				return true;
			} );
		};
		const onUndo = () => run( act( '/undo', {} ), ( found ) => {
			const { action, tag, label } = follow( found ).undone;
			/* translators: %s: what was done, such as “Added: Kabul” */
			wp.a11y.speak( sprintf( __( 'Undone: %s', 'article-tagger' ), told( action, label ) ) );
			return tag;
		} );
		const onComplete = () => run( act( '/complete', {} ), () => wp.a11y.speak( told( 'complete' ) ) );
		const onSuggest = () => {
			setBusy( true );
			setRefusal( '' );
			return ask( '/suggest', form.getText() ).then( ( { suggestions } ) => speakOf( suggestions.length ), refused ).finally( () => setBusy( false ) );
		};
		const send = ( path, data ) => wp.apiFetch( { path: `${ SPACE }/posts/${ post }${ path }`, method: 'POST', data } );
		return {
			answer, failure, busy, refusal, onDecide, onUndo, onComplete, onSuggest,
			onRead: () => setRefusal( '' ),
			onShown: ( set, tags ) => send( '/shown', { set, tags } ),
			onWhy: ( tag ) => send( '/why', { ...form.getText(), tag } ),
			onPropose: ( label, note ) => send( '/proposals', { label, note } ),
			...form,
			asked,
			seen,
			suggestLive: ( text ) => ask( '/suggest', { ...text, live: true } ),
		};
	}

	/**
	 * Ask for suggestions while a text is written: after a pause, one question at a time, when the browser has nothing to do.
	 *
	 * @param {boolean} isOn  Whether the site wants that.
	 * @param {Object}  known What useSuggestions returned.
	 */
	function useLive( isOn, known ) {
		const now = useRef();
		now.current = known;
		useEffect( () => {
			if ( ! isOn ) {
				return undefined;
			}
			let timer, isAsking = false, ended = false, notBefore = 0;
			const go = () => {
				if ( isAsking || now.current.busy || Date.now() < notBefore ) {
					later();
					return;
				}
				const text = now.current.getText();
				const written = JSON.stringify( text );
				if ( ended || written === now.current.asked.current || ! ( text.title + text.content ).trim() ) {
					return;
				}
				now.current.asked.current = written;
				isAsking = true;
				now.current.suggestLive( text ).catch( () => {
					notBefore = Date.now() + REST * 1000;
				} ).finally( () => {
					isAsking = false;
				} );
			};
			const later = () => {
				clearTimeout( timer );
				timer = ended ? 0 : setTimeout( () => ( window.requestIdleCallback || setTimeout )( go ), PAUSE * 1000 );
			};
			const unwatch = now.current.watchText( later );
			if ( now.current.isChanged() ) {
				later(); // It was written while the panel was closed.
			}
			return () => {
				ended = true;
				clearTimeout( timer );
				unwatch();
			};
		}, [ isOn ] );
	}

	/**
	 * Tell which suggestions came into sight: not those of a closed box, or further down, and each once.
	 *
	 * @param {Object} root  A reference to the panel.
	 * @param {Object} known What useSuggestions returned.
	 */
	function useSight( root, known ) {
		const { answer, onShown, seen: before } = known;
		const set = answer ? answer.set : '';
		const tags = answer ? answer.suggestions.map( ( { id } ) => id ) : [];
		useEffect( () => {
			if ( ! set || ! root.current ) {
				return undefined;
			}
			if ( ! tags.length ) {
				onShown( set, [] ).catch( () => {} );
				return undefined;
			}
			let seen = [], timer;
			const tell = () => {
				const now = seen;
				clearTimeout( timer );
				seen = [];
				if ( now.length ) {
					onShown( set, now ).catch( () => now.forEach( ( tag ) => before.current.delete( `${ set } ${ tag }` ) ) );
				}
			};
			const observer = new window.IntersectionObserver( ( entries ) => {
				entries.filter( ( { isIntersecting } ) => isIntersecting ).forEach( ( { target } ) => {
					const { tag } = target.closest( '[data-tag]' ).dataset;
					if ( ! before.current.has( `${ set } ${ tag }` ) ) {
						before.current.add( `${ set } ${ tag }` );
						seen.push( tag );
					}
				} );
				clearTimeout( timer );
				timer = setTimeout( tell, GLANCE * 1000 );
			}, { threshold: 0.5 } );
			root.current.querySelectorAll( '.article-tagger-label' ).forEach( ( label ) => observer.observe( label ) );
			return () => {
				observer.disconnect();
				tell();
			};
		}, [ set, tags.join( '\n' ) ] );
	}

	/**
	 * Tell somebody who does not see the panel how many suggestions have come. While a text is written they come and go.
	 *
	 * @param {?Object} answer What is known of the post.
	 */
	function useArrivals( answer ) {
		const was = useRef( null );
		useEffect( () => {
			if ( answer && answer.state === 'ready' && answer.set && answer.set !== was.current ) {
				was.current = answer.set;
				if ( answer.suggestions.length ) {
					speakOf( answer.suggestions.length );
				}
			}
		}, [ answer ] );
	}

	/**
	 * Keep the focus in the panel: after a decision it is on the card that takes the place of the one that went, after an
	 * undo on the one that came back.
	 *
	 * @param {Object} root  A reference to the panel.
	 * @param {Object} known What useSuggestions returned.
	 */
	function useFocus( root, known ) {
		const { answer, busy, onDecide, onUndo } = known;
		const next = useRef( null ); // The place and the tag of the card that is decided on, or the tag that comes back.
		useEffect( () => {
			if ( busy || next.current === null ) {
				return undefined;
			}
			let timer, tries = 60;
			const focus = () => {
				const cards = root.current ? [ ...root.current.querySelectorAll( '.article-tagger-suggestion' ) ] : [];
				const { place, tag, comes } = next.current;
				const its = cards.find( ( { dataset } ) => dataset.tag === tag );
				if ( tag && comes === ! its && --tries ) { // The panel is not drawn anew yet.
					timer = setTimeout( focus, 50 );
					return;
				}
				const card = comes && its ? its : cards[ Math.min( place, cards.length - 1 ) ];
				const target = card ? card.querySelector( 'button' ) : root.current && root.current.querySelector( 'input' );
				const at = document.activeElement; // The body, or what else lies around a button that went.
				next.current = null;
				if ( target && ( ! at || at.contains( root.current ) || root.current.contains( at ) ) ) {
					target.focus();
				}
			};
			timer = setTimeout( focus, 50 );
			return () => clearTimeout( timer );
		}, [ busy ] );
		const decide = ( action, one, reason ) => {
			const place = answer.suggestions.findIndex( ( { id } ) => id === one.id );
			next.current = { place: Math.max( place, 0 ), tag: one.id, comes: false };
			return onDecide( action, one, reason );
		};
		const undo = () => {
			next.current = { place: 0, tag: answer.undo.tag, comes: true };
			return onUndo();
		};
		return [ decide, undo ];
	}

	window.articleTagger = { useSuggestions, useLive, useSight, useArrivals, useFocus, told };
}( window.wp ) );
