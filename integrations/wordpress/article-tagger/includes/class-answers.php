<?php
/**
 * What the service answered of a post, and what is shown of it.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * The last answer of each post, and what people did since.
 */
class Answers {

	const ANSWER = '_article_tagger_answer';
	const LISTED = '_article_tagger_listed'; // The tags that the service was last told of.
	const AUTO   = '_article_tagger_auto';   // A row for each tag that was added by itself and that nobody has confirmed.
	const CLOSED = '_article_tagger_closed'; // A row for each editor who called the tags complete: EDITOR/SET, with the suggestion set.
	const GIVEN  = '_article_tagger_given';  // A row for each tag that an editor gave by a decision: EDITOR/TAG.
	const SEEN   = '_article_tagger_seen';   // Who had the panel open last.
	const WORDS  = 4;

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Terms    $terms    The terms.
	 * @param Outbox   $outbox   What waits.
	 */
	public function __construct( private Settings $settings, private Terms $terms, private Outbox $outbox ) {}

	/**
	 * Keep what is needed of an answer.
	 *
	 * @param int      $post_id The post.
	 * @param array    $body    The answer.
	 * @param array    $article The article as it was sent.
	 */
	public function keep( int $post_id, array $body, array $article ): void {
		$answer = $this->keep_suggestions( $post_id, $body );
		$known  = is_array( $body['known'] ?? null ) ? $body['known'] : array();
		Meta::update( $post_id, self::LISTED, wp_slash( $article['tags'] ?? array_values( array_unique( $known ) ) ) );
		if ( isset( $article['terms'] ) ) {
			$this->terms->know( $article['terms'], $known );
		} elseif ( $this->terms->learn( $post_id, $answer['suggestions'] ) ) {
			$this->outbox->mark( $post_id ); // The post has a tag under another slug: the service is told which it is.
		}
		/**
		 * Fires when the service has answered to a post.
		 *
		 * @param int   $post_id The post.
		 * @param array $body    The answer.
		 */
		do_action( 'article_tagger_answered', $post_id, $body );
	}

	/**
	 * Keep the suggestions of an answer. One to a text that is not saved does not say which tags people have rejected: those
	 * of the answer before are left out.
	 *
	 * @param int   $post_id The post.
	 * @param array $body    The answer.
	 * @return array What is kept.
	 */
	public function keep_suggestions( int $post_id, array $body ): array {
		$rows     = is_array( $body['suggestions'] ?? null ) ? $body['suggestions'] : array();
		$rows     = array_values( array_filter( array_map( array( $this, 'read' ), $rows ) ) );
		$before   = $this->answer( $post_id )['withheld'] ?? array();
		$withheld = is_array( $body['withheld'] ?? null ) ? array_column( $body['withheld'], 'tag' ) : $before;
		$answer   = array(
			'set'         => is_string( $body['suggestion_set_id'] ?? null ) ? $body['suggestion_set_id'] : '',
			'reason'      => is_string( $body['reason'] ?? null ) ? $body['reason'] : '',
			'editors'     => is_int( $body['n_editors'] ?? null ) ? $body['n_editors'] : $this->n_editors( $post_id ),
			'suggestions' => array_values( array_filter( $rows, fn( array $one ) => ! in_array( $one['id'], $withheld, true ) ) ),
			'withheld'    => array_values( array_filter( $withheld, 'is_string' ) ),
		);
		Meta::update( $post_id, self::ANSWER, wp_slash( $answer ) );
		return $answer;
	}

	/**
	 * Return the tags that the service is told of: not those that were added by themselves.
	 *
	 * @param int $post_id The post.
	 * @return string[]
	 */
	public function tags_to_list( int $post_id ): array {
		return array_slice( $this->settled( $post_id ), 0, 500 );
	}

	/**
	 * Return the terms that the service is told of: not those that were added by themselves.
	 *
	 * @param int $post_id The post.
	 * @return array[]
	 */
	public function terms_to_list( int $post_id ): array {
		return $this->terms->to_send( $post_id, $this->auto( $post_id ) );
	}

	/**
	 * Return the last answer.
	 *
	 * @param int $post_id The post.
	 */
	public function answer( int $post_id ): ?array {
		$answer = get_post_meta( $post_id, self::ANSWER, true );
		return is_array( $answer ) ? $answer : null;
	}

	/**
	 * Return a suggestion of the last answer, or null.
	 *
	 * @param int    $post_id The post.
	 * @param string $tag     The id of the tag.
	 */
	public function find( int $post_id, string $tag ): ?array {
		foreach ( $this->all( $post_id ) as $one ) {
			if ( $one['id'] === $tag ) {
				return $one;
			}
		}
		return null;
	}

	/**
	 * Return the suggestions of the last answer, and the tags of archive runs on which nobody has decided.
	 *
	 * @param int $post_id The post.
	 * @return array[]
	 */
	private function all( int $post_id ): array {
		$suggested = $this->answer( $post_id )['suggestions'] ?? array();
		$archive   = Additions::open( $post_id, $this->auto( $post_id ) );
		return array_merge( $suggested, array_values( array_diff_key( $archive, array_flip( array_column( $suggested, 'id' ) ) ) ) );
	}

	/**
	 * Take a tag out of the last answer.
	 *
	 * @param int    $post_id The post.
	 * @param string $tag     The id of the tag.
	 */
	public function drop( int $post_id, string $tag ): void {
		Additions::decided( $post_id, $tag );
		$answer = $this->answer( $post_id );
		if ( null !== $answer ) {
			$answer['suggestions'] = array_values( array_filter( $answer['suggestions'], fn( array $one ) => $one['id'] !== $tag ) );
			Meta::update( $post_id, self::ANSWER, wp_slash( $answer ) );
		}
	}

	/**
	 * Put a suggestion back into the last answer.
	 *
	 * @param int   $post_id The post.
	 * @param array $tag     The suggestion.
	 */
	public function restore( int $post_id, array $tag ): void {
		$answer = $this->answer( $post_id );
		if ( null !== $answer && ! in_array( $tag['id'], array_column( $answer['suggestions'], 'id' ), true ) ) {
			$answer['suggestions'][] = $tag;
			usort( $answer['suggestions'], fn( array $a, array $b ) => $b['score'] <=> $a['score'] );
			$answer['withheld'] = array_values( array_diff( $answer['withheld'] ?? array(), array( $tag['id'] ) ) );
			Meta::update( $post_id, self::ANSWER, wp_slash( $answer ) );
		}
	}

	/**
	 * Note that an editor calls the tags of a post complete: every tag that it lacks is wrong for it.
	 *
	 * @param int $post_id The post.
	 * @return string The key of the decision.
	 */
	public function complete( int $post_id ): string {
		$editor = Watcher::editor();
		$others = array_diff( $this->closed_by( $post_id ), array( $editor ) );
		$this->note( $post_id, self::CLOSED, $editor, $this->answer( $post_id )['set'] ?? '' );
		return $this->outbox->complete( $post_id, $editor, (bool) $others );
	}

	/**
	 * Note that the user does not call the tags of a post complete any more.
	 *
	 * @param int $post_id The post.
	 */
	public function not_complete( int $post_id ): void {
		foreach ( (array) get_post_meta( $post_id, self::CLOSED ) as $row ) {
			if ( str_starts_with( $row, Watcher::editor() . '/' ) ) {
				Meta::delete( $post_id, self::CLOSED, wp_slash( $row ) );
			}
		}
	}

	/**
	 * Return who called the tags of a post complete, as it is now.
	 *
	 * @param int $post_id The post.
	 * @return string[]
	 */
	private function closed_by( int $post_id ): array {
		$set = $this->answer( $post_id )['set'] ?? '';
		return '' === $set ? array() : $this->editors( $post_id, self::CLOSED, $set );
	}

	/**
	 * Return the editors who are noted with something.
	 *
	 * @param int    $post_id The post.
	 * @param string $name    Where they are noted.
	 * @param string $what    With what.
	 * @return string[]
	 */
	private function editors( int $post_id, string $name, string $what ): array {
		$rows = array_map( fn( string $row ) => explode( '/', $row, 2 ), (array) get_post_meta( $post_id, $name ) ); // Names have no slash.
		return array_column( array_filter( $rows, fn( array $row ) => $what === ( $row[1] ?? '' ) ), 0 );
	}

	/**
	 * Note an editor with something, once.
	 *
	 * @param int    $post_id The post.
	 * @param string $name    Where.
	 * @param string $editor  The editor.
	 * @param string $what    With what.
	 */
	private function note( int $post_id, string $name, string $editor, string $what ): void {
		if ( ! in_array( $editor, $this->editors( $post_id, $name, $what ), true ) ) {
			Meta::add( $post_id, $name, wp_slash( "$editor/$what" ) );
		}
	}

	/**
	 * Return how many editors are asked to call the tags of a post complete.
	 *
	 * @param int $post_id The post.
	 */
	private function n_editors( int $post_id ): int {
		return $this->answer( $post_id )['editors'] ?? 1;
	}

	/**
	 * Note that an editor gave a tag by a decision.
	 *
	 * @param int    $post_id The post.
	 * @param string $tag     The id of the tag.
	 * @param string $editor  The editor.
	 */
	public function given( int $post_id, string $tag, string $editor ): void {
		$this->note( $post_id, self::GIVEN, $editor, $tag );
	}

	/**
	 * Forget who gave a tag.
	 *
	 * @param int    $post_id The post.
	 * @param string $tag     The id of the tag.
	 */
	public function taken( int $post_id, string $tag ): void {
		foreach ( $this->editors( $post_id, self::GIVEN, $tag ) as $editor ) {
			Meta::delete( $post_id, self::GIVEN, wp_slash( "$editor/$tag" ) );
		}
	}

	/**
	 * Return the tags for which an editor stands who calls the tags of a post complete: those that the post has and that
	 * nobody gave by a decision, because they were set in the form. A second editor stands for those of the first as well.
	 *
	 * @param int    $post_id The post.
	 * @param string $editor  The editor.
	 * @param bool   $second  Whether somebody else called them complete before.
	 * @return string[]
	 */
	public function stood_for( int $post_id, string $editor, bool $second ): array {
		$known = array_intersect( $this->tags_to_list( $post_id ), (array) get_post_meta( $post_id, self::LISTED, true ) );
		$given = fn( string $tag ) => $this->editors( $post_id, self::GIVEN, $tag );
		return array_values( array_filter( $known, fn( string $tag ) => $second ? ! in_array( $editor, $given( $tag ), true ) : ! $given( $tag ) ) );
	}

	/**
	 * Note that the user has the panel of a post open.
	 *
	 * @param int $post_id The post.
	 */
	public function seen( int $post_id ): void {
		if ( (int) get_post_meta( $post_id, self::SEEN, true ) !== get_current_user_id() ) {
			Meta::update( $post_id, self::SEEN, get_current_user_id() );
		}
	}

	/**
	 * Whether the user has had the panel of a post open since anybody else.
	 *
	 * @param int $post_id The post.
	 */
	public function was_seen( int $post_id ): bool {
		return is_user_logged_in() && (int) get_post_meta( $post_id, self::SEEN, true ) === get_current_user_id();
	}

	/**
	 * Return the tags that were added by themselves.
	 *
	 * @param int $post_id The post.
	 * @return string[]
	 */
	public function auto( int $post_id ): array {
		return (array) get_post_meta( $post_id, self::AUTO );
	}

	/**
	 * Return the tags that the post has and people stand for.
	 *
	 * @param int $post_id The post.
	 * @return string[]
	 */
	public function settled( int $post_id ): array {
		return array_values( array_diff( $this->terms->tags_of( $post_id ), $this->auto( $post_id ) ) );
	}

	/**
	 * Add the tags above the auto band whose terms are there; terms are only made when an editor accepts one.
	 *
	 * @param \WP_Post $post The post.
	 */
	public function add_by_itself( \WP_Post $post ): void {
		foreach ( $this->open( $post->ID ) as $one ) {
			$term = 'auto' === $one['band'] && 'category' !== $one['kind'] && ! $one['added'] ? $this->terms->find( $one, $post->ID ) : null;
			if ( $term && is_object_in_taxonomy( $post, $term->taxonomy ) ) {
				Meta::add( $post->ID, self::AUTO, wp_slash( $one['id'] ) );
				$this->terms->add( $post, $term, $one );
			}
		}
	}

	/**
	 * Return what the panel shows of a post.
	 *
	 * @param \WP_Post $post The post.
	 */
	public function shown( \WP_Post $post ): array {
		$answer  = $this->answer( $post->ID );
		$open    = $this->open( $post->ID );
		$waiting = '' !== $this->outbox->token( $post->ID );
		return array(
			'state'       => $waiting ? 'waiting' : 'ready',
			'message'     => $this->message( $post, $waiting, $answer, $open ),
			'set'         => $answer['set'] ?? '',
			'can_decide'  => $this->settings->covers( $post ) && $this->settings->may_send(),
			'suggestions' => array_slice( $open, 0, (int) $this->settings->get( 'shown' ) ),
			'complete'    => $this->is_complete( $post->ID ),
			'live'        => (bool) $this->settings->get( 'drafts' ) && '' === $post->post_password && $this->settings->may_send(),
			'unsent'      => count( $this->outbox->decisions( $post->ID ) ),
			'added'       => array_map( array( $this, 'term_for_form' ), $this->added( $post->ID, $open ) ),
		);
	}

	/**
	 * Whether the tags of a post are complete for the user: who called them so, or all who were asked.
	 *
	 * @param int $post_id The post.
	 */
	private function is_complete( int $post_id ): bool {
		$closed_by = $this->closed_by( $post_id );
		return in_array( Watcher::editor(), $closed_by, true ) || count( $closed_by ) >= $this->n_editors( $post_id );
	}

	/**
	 * Return what the form of a post needs to know of a term that the post was given.
	 *
	 * @param \WP_Term $term The term.
	 */
	public function term_for_form( \WP_Term $term ): array {
		$taxonomy = get_taxonomy( $term->taxonomy );
		return array(
			'id'           => $term->term_id,
			'name'         => html_entity_decode( $term->name, ENT_QUOTES | ENT_HTML5, 'UTF-8' ),
			'taxonomy'     => $term->taxonomy,
			'rest_base'    => $taxonomy->rest_base ? $taxonomy->rest_base : $taxonomy->name,
			'hierarchical' => $taxonomy->hierarchical,
		);
	}

	/**
	 * Return the suggestions that nobody has answered.
	 *
	 * @param int $post_id The post.
	 * @return array[]
	 */
	public function open( int $post_id ): array {
		$auto     = $this->auto( $post_id );
		$settled  = $this->settled( $post_id );
		$answered = array();
		foreach ( $this->outbox->decisions( $post_id ) as $row ) {
			$answered[] = $row['decision']['tag'] ?? '';
		}
		$archive = Additions::open( $post_id, $auto );
		$open    = array();
		foreach ( $this->all( $post_id ) as $one ) {
			if ( ! in_array( $one['id'], $settled, true ) && ! in_array( $one['id'], $answered, true ) ) {
				$one['added']   = in_array( $one['id'], $auto, true );
				$one['archive'] = isset( $archive[ $one['id'] ] );
				$open[]         = $one;
			}
		}
		/**
		 * Filters the suggestions that are shown, and that may be added by themselves.
		 *
		 * @param array[] $open    The suggestions: id, label, kind, score, band, words, added and archive.
		 * @param int     $post_id The post.
		 */
		return array_values( (array) apply_filters( 'article_tagger_suggestions', $open, $post_id ) );
	}

	/**
	 * Return the terms of the suggestions that were added by themselves.
	 *
	 * @param int     $post_id The post.
	 * @param array[] $open    The open suggestions.
	 * @return \WP_Term[]
	 */
	private function added( int $post_id, array $open ): array {
		$added = array_filter( $open, fn( array $one ) => $one['added'] );
		return array_values( array_filter( array_map( fn( array $one ) => $this->terms->find( $one, $post_id ), $added ) ) );
	}

	/**
	 * Return what is kept of a suggestion, or null if it is none.
	 *
	 * @param mixed $row A suggestion of the service.
	 */
	private function read( mixed $row ): ?array {
		if ( ! is_array( $row ) || ! is_string( $row['tag'] ?? null ) || '' === $row['tag'] ) {
			return null;
		}
		return array(
			'id'    => $row['tag'],
			'label' => is_string( $row['label'] ?? null ) ? $row['label'] : $row['tag'],
			'kind'  => is_string( $row['kind'] ?? null ) ? $row['kind'] : '',
			'score' => is_numeric( $row['score'] ?? null ) ? (float) $row['score'] : 0.0,
			'band'  => 'auto' === ( $row['band'] ?? '' ) ? 'auto' : 'suggest',
			'words' => $this->words( $row['evidence'] ?? null ),
			'about' => in_array( $row['aboutness'] ?? '', array( 'main', 'secondary', 'passing' ), true ) ? $row['aboutness'] : '',
			'against' => $this->words( $row['evidence_against'] ?? null, -1 ),
		);
	}

	/**
	 * Return the words that speak most for a tag, or against it.
	 *
	 * @param mixed $evidence Places in the text as it was sent, with its markup.
	 * @param int   $sign     Is 1 for those with the largest weights first, -1 for those with the smallest.
	 * @return string[]
	 */
	private function words( mixed $evidence, int $sign = 1 ): array {
		$evidence = array_filter( is_array( $evidence ) ? $evidence : array(), fn( $one ) => is_array( $one ) && is_string( $one['text'] ?? null ) );
		usort( $evidence, fn( array $a, array $b ) => $sign * ( ( $b['weight'] ?? 0 ) <=> ( $a['weight'] ?? 0 ) ) );
		$words = array();
		foreach ( $evidence as $one ) {
			$plain = html_entity_decode( wp_strip_all_tags( $one['text'] ), ENT_QUOTES | ENT_HTML5, 'UTF-8' );
			$plain = trim( (string) preg_replace( '/\s+/u', ' ', $plain ) );
			if ( '' !== $plain ) {
				$words[ mb_strtolower( $plain ) ] = mb_substr( $plain, 0, 60 );
			}
		}
		return array_slice( array_values( $words ), 0, self::WORDS );
	}

	/**
	 * Return what is said above the suggestions.
	 *
	 * @param \WP_Post $post    The post.
	 * @param bool     $waiting Whether an answer is to come.
	 * @param ?array   $answer  The last answer.
	 * @param array[]  $open    The open suggestions.
	 */
	private function message( \WP_Post $post, bool $waiting, ?array $answer, array $open ): string {
		$problem = (string) get_post_meta( $post->ID, Outbox::PROBLEM, true );
		if ( ! $this->settings->covers( $post ) ) {
			return '' === $post->post_password
				? ( $open ? __( 'Save the post to accept or reject these.', 'article-tagger' ) : __( 'Save the post to get suggestions.', 'article-tagger' ) )
				: __( 'Posts with a password are not sent to the article tagger.', 'article-tagger' );
		}
		if ( '' === $this->settings->address() ) {
			return __( 'The article tagger has no address yet. An administrator sets it under Settings → Article Tagger.', 'article-tagger' );
		}
		if ( ! $this->settings->may_send() ) {
			return __( 'This site was copied from another one, and nothing is sent to the article tagger. An administrator changes that under Settings → Article Tagger.', 'article-tagger' );
		}
		if ( $waiting ) {
			if ( '' !== $problem && (int) get_post_meta( $post->ID, Outbox::DUE, true ) > time() ) {
				return $problem;
			}
			if ( $this->outbox->is_paused() && 401 === $this->outbox->pause()['status'] ) {
				return __( 'The article tagger does not accept the key of this site. Tell an administrator. Saving is not affected.', 'article-tagger' );
			}
			return $this->outbox->is_paused()
				? __( 'The article tagger cannot be reached. Suggestions come by themselves when it is back; saving is not affected.', 'article-tagger' )
				: __( 'Suggestions are on their way.', 'article-tagger' );
		}
		if ( '' !== $problem ) {
			return $problem;
		}
		if ( $this->closed_by( $post->ID ) && ! $this->is_complete( $post->ID ) ) {
			return __( 'A second opinion is asked for: put the tags right, and say that they are complete.', 'article-tagger' );
		}
		return $open ? '' : $this->nothing( $answer );
	}

	/**
	 * Return why there is nothing to show.
	 *
	 * @param ?array $answer The last answer.
	 */
	private function nothing( ?array $answer ): string {
		if ( null === $answer ) {
			return __( 'Save the post to get suggestions.', 'article-tagger' );
		}
		return match ( $answer['reason'] ) {
			'empty'           => __( 'There is no text yet.', 'article-tagger' ),
			'language'        => __( 'The text is not in the language of the article tagger.', 'article-tagger' ),
			'below_threshold' => __( 'No tag is sure enough to be suggested.', 'article-tagger' ),
			'blind'           => __( 'This article is tagged without suggestions, to see what they miss. Set its tags yourself.', 'article-tagger' ),
			default           => __( 'All suggestions are answered.', 'article-tagger' ),
		};
	}
}
