<?php
/**
 * How many suggestions each post has.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Keeps of each post how many suggestions nobody has answered, and how many added tags nobody has confirmed: lists of posts show
 * and filter by it. What changes in a request is counted at its end.
 */
class Open_Counts {

	const OPEN    = '_article_tagger_open';    // How many suggestions the panel shows; no row for none.
	const MARKED  = '_article_tagger_marked';  // How many of the post's tags nobody has confirmed; no row for none.
	const COUNTED = 'article_tagger_counted';  // The last post of an earlier version that was counted; -1 if all were.
	const BATCH   = 100;

	/**
	 * The posts of which something has changed.
	 *
	 * @var bool[]
	 */
	private array $changed = array();

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Answers  $answers  What was suggested.
	 */
	public function __construct( private Settings $settings, private Answers $answers ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		foreach ( array( 'added_post_meta', 'updated_post_meta', 'deleted_post_meta' ) as $event ) {
			add_action( $event, array( $this, 'meta_changed' ), 10, 3 );
		}
		add_action( 'set_object_terms', array( $this, 'terms_changed' ), 10, 4 );
		add_action( 'deleted_term_relationships', array( $this, 'terms_changed' ), 10, 3 );
		add_action( 'shutdown', array( $this, 'count_changed' ), 1 );
	}

	/**
	 * Note a post of which the plugin has kept something else.
	 *
	 * @param mixed  $meta_id The row, or several.
	 * @param int    $post_id The post.
	 * @param string $key     The field.
	 */
	public function meta_changed( mixed $meta_id, int $post_id, string $key ): void {
		if ( $meta_id && in_array( $key, array( Answers::ANSWER, Answers::AUTO, Additions::META, Outbox::DECISION ), true ) ) {
			$this->changed[ $post_id ] = true;
		}
	}

	/**
	 * Note a post that has other terms.
	 *
	 * @param int    $post_id The post, or what else has terms.
	 * @param array  $terms   The terms.
	 * @param mixed  $third   Their ids in the taxonomy, or the taxonomy.
	 * @param string $fourth  The taxonomy, where it is not the third.
	 */
	public function terms_changed( int $post_id, mixed $terms, mixed $third, string $fourth = '' ): void {
		$taxonomy = '' === $fourth ? $third : $fourth;
		if ( null !== $terms && in_array( $taxonomy, $this->settings->taxonomies(), true ) ) {
			$this->changed[ $post_id ] = true;
		}
	}

	/**
	 * Count the suggestions of the posts of which something has changed.
	 */
	public function count_changed(): void {
		foreach ( array_keys( $this->changed ) as $post_id ) {
			$this->count( $post_id );
		}
		$this->changed = array();
	}

	/**
	 * Count the suggestions of posts that were answered before the plugin counted them, a batch.
	 *
	 * @return bool Whether all are counted.
	 */
	public function catch_up(): bool {
		global $wpdb;
		$after = (int) get_option( self::COUNTED, 0 );
		if ( -1 === $after ) {
			return true;
		}
		$query = "SELECT DISTINCT post_id FROM {$wpdb->postmeta} WHERE meta_key = %s AND post_id > %d ORDER BY post_id LIMIT %d";
		$ids   = array_map( 'intval', $wpdb->get_col( $wpdb->prepare( $query, Answers::ANSWER, $after, self::BATCH ) ) ); // phpcs:ignore WordPress.DB
		_prime_post_caches( $ids );
		array_map( array( $this, 'count' ), $ids );
		update_option( self::COUNTED, count( $ids ) < self::BATCH ? -1 : (int) end( $ids ), false );
		return false;
	}

	/**
	 * Count the suggestions of a post.
	 *
	 * @param int $post_id The post.
	 */
	private function count( int $post_id ): void {
		$post = get_post( $post_id );
		if ( ! $post || ! $this->settings->covers_type( $post ) ) {
			return;
		}
		$open  = $this->settings->covers( $post ) ? $this->answers->open( $post_id ) : array();
		$shown = array_slice( $open, 0, (int) $this->settings->get( 'shown' ) );
		$this->keep( $post_id, self::OPEN, count( array_filter( $shown, fn( array $one ) => ! $one['added'] ) ) );
		$this->keep( $post_id, self::MARKED, count( array_filter( $open, fn( array $one ) => $one['added'] ) ) );
	}

	/**
	 * Keep a number of a post.
	 *
	 * @param int    $post_id The post.
	 * @param string $key     The field.
	 * @param int    $n       The number.
	 */
	private function keep( int $post_id, string $key, int $n ): void {
		if ( $n > 0 ) {
			Meta::update( $post_id, $key, $n );
		} else {
			Meta::delete( $post_id, $key );
		}
	}
}
