<?php
/**
 * The tags that archive runs add to posts.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Gives posts the tags that archive runs added, and takes them off again when a run is undone. Nobody stands for them until an
 * editor confirms one: they are marked, and the service is not told of them. Each step may be repeated.
 */
class Additions {

	const META  = '_article_tagger_archive'; // A row for each: as (the id of the tag as it was added), tag, label, kind, score, run, term (0: only offered).
	const BATCH = 100;

	const SET      = 'set';      // The post got the term, or lost it.
	const THERE    = 'there';    // It had it before, or had lost it.
	const OFFERED  = 'offered';  // A category is for an editor to set.
	const DECIDED  = 'decided';  // Somebody has decided on it here.
	const NOT_SENT = 'not_sent'; // There is no such post, or it is none that is sent.
	const FAILED   = 'failed';   // The post takes no such term.

	/**
	 * Keep the parts.
	 *
	 * @param Settings    $settings The settings.
	 * @param Terms       $terms    The terms.
	 * @param Outbox      $outbox   What waits.
	 * @param Answers     $answers  What was suggested.
	 * @param Open_Counts $counts   How many suggestions posts have.
	 */
	public function __construct( private Settings $settings, private Terms $terms, private Outbox $outbox, private Answers $answers, private Open_Counts $counts ) {}

	/**
	 * Carry out a batch, and count the posts of its terms anew.
	 *
	 * @param array[] $rows   Each with post, tag (id, label, kind), as, score, run, undone, and sure (somebody has confirmed it).
	 * @param bool    $is_dry Whether to do nothing, and only say what would be done.
	 * @return array[] The numbers by what became of them: those of additions, and those of what was taken back.
	 */
	public function carry_out( array $rows, bool $is_dry = false ): array {
		$numbers = array( array(), array() );
		_prime_post_caches( array_column( $rows, 'post' ) );
		Watcher::watch( Watcher::NOTHING );
		wp_defer_term_counting( true );
		try {
			foreach ( $rows as $row ) {
				$post   = get_post( $row['post'] );
				$undone = (int) $row['undone'];
				if ( ! $post || ! $this->settings->covers( $post ) ) {
					$became = self::NOT_SENT;
				} else {
					$became = $undone ? $this->take_off( $post, $row['as'], $row['tag']['id'], $is_dry ) : $this->put( $post, $row, $is_dry );
				}
				$numbers[ $undone ][ $became ] = 1 + ( $numbers[ $undone ][ $became ] ?? 0 );
			}
		} finally {
			wp_defer_term_counting( false );
			Watcher::watch( Watcher::ALL );
		}
		$this->counts->count_changed();
		return $numbers;
	}

	/**
	 * Return the number of the post of an article, or 0 if it is none of this site.
	 *
	 * @param string $article_id The id of the article.
	 */
	public function post_of( string $article_id ): int {
		$prefix = (string) $this->settings->get( 'prefix' );
		$number = str_starts_with( $article_id, $prefix ) ? substr( $article_id, strlen( $prefix ) ) : '';
		return preg_match( '/^[1-9][0-9]{0,18}$/D', $number ) ? (int) $number : 0;
	}

	/**
	 * Return the additions to a post, by the ids of their tags as they are now.
	 *
	 * @param int $post_id The post.
	 * @return array[]
	 */
	public static function of( int $post_id ): array {
		$found = array();
		foreach ( (array) get_post_meta( $post_id, self::META ) as $row ) {
			if ( is_array( $row ) && isset( $row['tag'], $row['as'] ) ) {
				$found[ $row['tag'] ] = $row;
			}
		}
		return $found;
	}

	/**
	 * Return the additions to a post on which somebody has to decide, as suggestions.
	 *
	 * @param int      $post_id The post.
	 * @param string[] $auto    The tags that nobody has confirmed.
	 * @return array[] By the ids of their tags.
	 */
	public static function open( int $post_id, array $auto ): array {
		$open = array();
		foreach ( self::of( $post_id ) as $tag => $row ) {
			if ( 0 === $row['term'] || in_array( $tag, $auto, true ) ) {
				$open[ $tag ] = array(
					'id'    => $tag,
					'label' => $row['label'],
					'kind'  => $row['kind'],
					'score' => (float) $row['score'],
					'band'  => 'suggest',
					'words' => array(),
				);
			}
		}
		return $open;
	}

	/**
	 * Forget a category that was offered, since somebody has decided on it. What was set stays known: it is not set twice.
	 *
	 * @param int    $post_id The post.
	 * @param string $tag     The id of the tag.
	 */
	public static function decided( int $post_id, string $tag ): void {
		$row = self::of( $post_id )[ $tag ] ?? null;
		if ( $row && 0 === $row['term'] ) {
			Meta::delete( $post_id, self::META, wp_slash( $row ) );
		}
	}

	/**
	 * Keep that nobody has confirmed a tag of a post, whose term stands for another tag now or gave way to another term.
	 *
	 * @param int      $post_id The post.
	 * @param string   $was     The id of the tag that it was.
	 * @param \WP_Term $term    The term that the post has now.
	 * @param string   $tag     The id of the tag that it stands for.
	 */
	public static function moved( int $post_id, string $was, \WP_Term $term, string $tag ): void {
		if ( $was === $tag || ! Meta::delete( $post_id, Answers::AUTO, wp_slash( $was ) ) ) {
			return;
		}
		Meta::add( $post_id, Answers::AUTO, wp_slash( $tag ) );
		$row = self::of( $post_id )[ $was ] ?? null;
		if ( $row ) {
			$now = array_merge( $row, array( 'tag' => $tag, 'term' => $term->term_id, 'label' => $term->name ) ); // phpcs:ignore
			Meta::update( $post_id, self::META, wp_slash( $now ), wp_slash( $row ) );
		}
	}

	/**
	 * Do so for all posts of a term.
	 *
	 * @param \WP_Term $term The term.
	 * @param string   $was  The id of the tag that it stood for.
	 * @param string   $tag  The id of the tag that it stands for.
	 */
	public static function renamed( \WP_Term $term, string $was, string $tag ): void {
		global $wpdb;
		$query = "SELECT post_id FROM {$wpdb->postmeta} JOIN {$wpdb->term_relationships} ON object_id = post_id WHERE meta_key = %s AND meta_value = %s AND term_taxonomy_id = %d";
		foreach ( $wpdb->get_col( $wpdb->prepare( $query, Answers::AUTO, $was, $term->term_taxonomy_id ) ) as $post_id ) { // phpcs:ignore WordPress.DB
			self::moved( (int) $post_id, $was, $term, $tag );
		}
	}

	/**
	 * Give a post a tag. What is kept of it is written first: a process that is killed in between is made up for by the next.
	 *
	 * @param \WP_Post $post   The post.
	 * @param array    $row    The tag (id, label, kind), as, score, run and sure.
	 * @param bool     $is_dry Whether to do nothing.
	 * @return string What became of it.
	 */
	private function put( \WP_Post $post, array $row, bool $is_dry ): string {
		$tag     = $row['tag'];
		$known   = $this->row( $post->ID, $row['as'] );
		$is_auto = in_array( $tag['id'], $this->answers->auto( $post->ID ), true );
		if ( ( $known && 0 !== $known['term'] && ! $is_auto ) || $this->is_refused( $post->ID, $tag['id'], $row['sure'] ) ) {
			return self::DECIDED;
		}
		if ( ! $known && in_array( $tag['id'], $this->terms->tags_of( $post->ID ), true ) ) {
			return self::THERE;
		}
		if ( 'category' === $tag['kind'] ) {
			$this->remember( $post->ID, $row, 0, $known, $is_dry );
			return self::OFFERED;
		}
		if ( $is_dry ) {
			return is_object_in_taxonomy( $post, $this->settings->taxonomy_of( $tag['kind'], $post ) ) ? self::SET : self::FAILED;
		}
		$term = $this->terms->term_for( $post, $tag );
		if ( is_wp_error( $term ) ) {
			return self::FAILED;
		}
		if ( ! $known && true === is_object_in_term( $post->ID, $term->taxonomy, $term->term_id ) ) {
			return self::THERE; // It stood for no tag yet.
		}
		if ( $row['sure'] ) {
			Meta::delete( $post->ID, Answers::AUTO, wp_slash( $tag['id'] ) );
		} elseif ( ! $is_auto ) {
			Meta::add( $post->ID, Answers::AUTO, wp_slash( $tag['id'] ) );
		}
		$this->remember( $post->ID, $row, $term->term_id, $known, false );
		$added = $this->terms->add( $post, $term, $tag );
		wp_update_term_count( $term->term_taxonomy_id, $term->taxonomy ); // Also if a process that was killed had added it.
		return is_wp_error( $added ) ? self::FAILED : self::SET;
	}

	/**
	 * Take a tag off a post that a run gave it, unless somebody has confirmed it or had set it before.
	 *
	 * @param \WP_Post $post   The post.
	 * @param string   $as     The id of the tag as it was added.
	 * @param string   $tag    The id of the tag as it is now.
	 * @param bool     $is_dry Whether to do nothing.
	 * @return string What became of it.
	 */
	private function take_off( \WP_Post $post, string $as, string $tag, bool $is_dry ): string {
		$row = $this->row( $post->ID, $as );
		if ( ! $row ) {
			return self::THERE;
		}
		$ids     = array_unique( array( $row['tag'], $as, $tag ) );
		$is_open = 0 === $row['term'] || array_intersect( $ids, $this->answers->auto( $post->ID ) );
		if ( $is_dry ) {
			return $is_open ? self::SET : self::DECIDED;
		}
		$term = $is_open && $row['term'] ? get_term( $row['term'] ) : null;
		if ( $term instanceof \WP_Term ) {
			wp_remove_object_terms( $post->ID, $term->term_id, $term->taxonomy );
			wp_update_term_count( $term->term_taxonomy_id, $term->taxonomy );
		}
		foreach ( $is_open ? $ids : array() as $id ) {
			Meta::delete( $post->ID, Answers::AUTO, wp_slash( $id ) );
		}
		Meta::delete( $post->ID, self::META, wp_slash( $row ) );
		return $is_open ? self::SET : self::DECIDED;
	}

	/**
	 * Keep what was added.
	 *
	 * @param int    $post_id The post.
	 * @param array  $row     The tag (id, label, kind), as, score and run.
	 * @param int    $term    The term, 0 if it is only offered.
	 * @param ?array $known   What is kept already.
	 * @param bool   $is_dry  Whether to do nothing.
	 */
	private function remember( int $post_id, array $row, int $term, ?array $known, bool $is_dry ): void {
		if ( $known || $is_dry ) {
			return;
		}
		$kept = array(
			'as'    => $row['as'],
			'tag'   => $row['tag']['id'],
			'label' => $row['tag']['label'],
			'kind'  => $row['tag']['kind'],
			'score' => number_format( $row['score'], 4, '.', '' ),
			'run'   => $row['run'],
			'term'  => $term,
		);
		Meta::add( $post_id, self::META, wp_slash( $kept ) );
	}

	/**
	 * Return what is kept of an addition, or null.
	 *
	 * @param int    $post_id The post.
	 * @param string $as      The id of the tag as it was added.
	 */
	private function row( int $post_id, string $as ): ?array {
		foreach ( self::of( $post_id ) as $row ) {
			if ( $row['as'] === $as ) {
				return $row;
			}
		}
		return null;
	}

	/**
	 * Whether somebody has rejected a tag of a post here.
	 *
	 * @param int    $post_id The post.
	 * @param string $tag     The id of the tag.
	 * @param bool   $is_sure Whether somebody has given it at the service, which withholds it then.
	 */
	private function is_refused( int $post_id, string $tag, bool $is_sure ): bool {
		foreach ( $this->outbox->decisions( $post_id ) as $row ) {
			if ( $tag === ( $row['decision']['tag'] ?? '' ) && in_array( $row['decision']['action'] ?? '', array( 'reject', 'remove' ), true ) ) {
				return true;
			}
		}
		return ! $is_sure && in_array( $tag, $this->answers->answer( $post_id )['withheld'] ?? array(), true );
	}
}
