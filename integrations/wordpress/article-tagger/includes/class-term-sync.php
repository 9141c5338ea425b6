<?php
/**
 * What the service knows of the site's terms.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Tells the service of all terms once, of those that are made later, and of those that people rename or merge. What it answers is kept with the terms.
 */
class Term_Sync {

	const PLACE   = 'article_tagger_terms_place'; // of: to which service. after: the last term that was sent.
	const CHANGED = 'article_tagger_term_';       // An option for each term that was changed, with its names before.
	const MERGED  = 'article_tagger_merged_';     // An option for each term that was merged into another one.
	const BATCH   = 200;

	/**
	 * The terms that posts were given since this request began, by the posts.
	 *
	 * @var array
	 */
	private array $given = array();

	/**
	 * The term that is about to be deleted, as the service takes it.
	 *
	 * @var ?array
	 */
	private ?array $going = null;

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Client   $client   The service.
	 * @param Terms    $terms    The terms.
	 * @param Outbox   $outbox   What waits.
	 */
	public function __construct( private Settings $settings, private Client $client, private Terms $terms, private Outbox $outbox ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'edit_terms', array( $this, 'changes' ), 10, 2 );
		add_action( 'set_object_terms', array( $this, 'terms_set' ), 5, 6 );
		add_action( 'pre_delete_term', array( $this, 'goes' ), 10, 2 );
		add_action( 'delete_term', array( $this, 'gone' ), 10, 5 );
	}

	/**
	 * Have all terms sent again.
	 */
	public static function begin_anew(): void {
		delete_option( self::PLACE );
	}

	// --- what people do with terms ---

	/**
	 * Note the names of a term before it is changed: the service may not know them yet.
	 *
	 * @param int    $term_id  The term.
	 * @param string $taxonomy The taxonomy.
	 */
	public function changes( int $term_id, string $taxonomy ): void {
		$term = $this->is_meant( $taxonomy ) ? get_term( $term_id, $taxonomy ) : null;
		if ( $term instanceof \WP_Term && '' !== $this->settings->address() ) {
			$note = array(
				'before' => $this->terms->sendable( $term ),
				'editor' => Watcher::editor(),
			);
			add_option( self::CHANGED . $term_id, $note, '', false ); // The names of the first of several changes stay.
			$this->outbox->schedule();
		}
	}

	/**
	 * Note which terms posts are given, which tells later into which one a deleted term was merged.
	 *
	 * @param int    $post_id  The post.
	 * @param array  $terms    The terms.
	 * @param int[]  $tt_ids   The terms by their ids in the taxonomy.
	 * @param string $taxonomy The taxonomy.
	 * @param bool   $append   Whether they were added.
	 * @param int[]  $before   What there was before.
	 */
	public function terms_set( int $post_id, mixed $terms, array $tt_ids, string $taxonomy, bool $append, array $before ): void {
		if ( $this->is_meant( $taxonomy ) && is_array( $terms ) && ( $append || $tt_ids ) ) {
			$added = array_diff( array_map( 'intval', $tt_ids ), array_map( 'intval', $before ) );

			$this->given[ $post_id ] = array_merge( $this->given[ $post_id ] ?? array(), $added );
		}
	}

	/**
	 * Remember a term that is about to be deleted.
	 *
	 * @param int    $term_id  The term.
	 * @param string $taxonomy The taxonomy.
	 */
	public function goes( int $term_id, string $taxonomy ): void {
		$term        = $this->is_meant( $taxonomy ) ? get_term( $term_id, $taxonomy ) : null;
		$this->going = $term instanceof \WP_Term ? $this->terms->sendable( $term ) : null;

		Watcher::watch( min( Watcher::LISTS, Watcher::watches() ) );
	}

	/**
	 * Note a term that was merged into another one: all posts that had it were given the other one.
	 *
	 * @param int      $term_id  The term.
	 * @param int      $tt_id    Its id in the taxonomy.
	 * @param string   $taxonomy The taxonomy.
	 * @param mixed    $term     The term.
	 * @param int[]    $post_ids The posts that had it.
	 */
	public function gone( int $term_id, int $tt_id, string $taxonomy, mixed $term, array $post_ids ): void {
		Watcher::watch( Watcher::ALL );
		delete_option( self::CHANGED . $term_id );
		$into = $this->going && $term && $tt_id ? $this->merged_into( $taxonomy, $post_ids ) : null;
		if ( $into ) {
			$merge = array(
				'term'   => $this->going,
				'into'   => $this->terms->sendable( $into ),
				'editor' => Watcher::editor(),
			);
			update_option( self::MERGED . $term_id, $merge, false );
		}
		$this->going = null;
	}

	/**
	 * Return the term that all posts of a deleted term were given in its place, or null.
	 *
	 * @param string $taxonomy The taxonomy.
	 * @param int[]  $post_ids The posts that had the deleted term.
	 */
	private function merged_into( string $taxonomy, array $post_ids ): ?\WP_Term {
		$common = null;
		$given  = array();
		foreach ( $post_ids as $post_id ) {
			$has    = wp_get_object_terms( $post_id, $taxonomy, array( 'fields' => 'tt_ids' ) );
			$has    = array_map( 'intval', is_array( $has ) ? $has : array() );
			$common = null === $common ? $has : array_intersect( $common, $has );
			$given  = array_merge( $given, $this->given[ $post_id ] ?? array() );
		}
		foreach ( array_intersect( $common ?? array(), $given ) as $tt_id ) {
			$term = get_term_by( 'term_taxonomy_id', $tt_id, $taxonomy );
			if ( $term instanceof \WP_Term && ! $this->terms->is_default( $term ) ) {
				return $term;
			}
		}
		return null;
	}

	/**
	 * Whether the terms of a taxonomy are sent.
	 *
	 * @param string $taxonomy The taxonomy.
	 */
	private function is_meant( string $taxonomy ): bool {
		return in_array( $taxonomy, $this->settings->taxonomies(), true );
	}

	// --- what the service is told ---

	/**
	 * Tell the service of renames and merges, before any post that shows them.
	 *
	 * @return bool Whether posts may be sent now.
	 */
	public function tell_news(): bool {
		return $this->tell_merges() && $this->tell_changes();
	}

	/**
	 * Tell of merges.
	 *
	 * @return bool Whether the service knows all of them.
	 */
	private function tell_merges(): bool {
		foreach ( $this->options( self::MERGED ) as $name => $merge ) {
			$reply = $this->resolve( array( $merge['term'], $merge['into'] ), $merge['editor'] );
			if ( $reply->ok() ) {
				$path  = '/v1/terms/' . rawurlencode( $merge['term']['id'] ) . '/merge';
				$reply = $this->client->request(
					'POST',
					$path,
					array(
						'into'   => $merge['into']['id'],
						'editor' => $merge['editor'],
					)
				);
			}
			if ( ! $this->concluded( $reply ) ) {
				return false;
			}
			delete_option( $name );
		}
		return true;
	}

	/**
	 * Tell of terms that were renamed.
	 *
	 * @return bool Whether the service knows all of them.
	 */
	private function tell_changes(): bool {
		foreach ( $this->options( self::CHANGED ) as $name => $note ) {
			$term  = get_term( (int) substr( $name, strlen( self::CHANGED ) ) );
			$reply = $this->resolve( array( $note['before'] ), $note['editor'] );
			if ( $reply->ok() && $term instanceof \WP_Term ) {
				$reply = $this->resolve( array( $this->terms->sendable( $term ) ), $note['editor'] );
			}
			if ( ! $this->concluded( $reply ) ) {
				return false;
			}
			delete_option( $name );
		}
		return true;
	}

	/**
	 * Tell of all terms, once for each site, address and key, and of those that were made since.
	 *
	 * @param float $until When to leave the rest to the next sweep.
	 * @return bool Whether all are told, or have to wait for the service.
	 */
	public function tell_all( float $until ): bool {
		$place = (array) get_option( self::PLACE, array() );
		$of    = $this->settings->address() . ' ' . $this->settings->term_prefix();
		$after = ( $place['of'] ?? '' ) === $of ? (int) $place['after'] : 0;
		do {
			$terms = $this->behind( $after );
			$reply = $terms ? $this->resolve( array_map( array( $this->terms, 'sendable' ), $terms ) ) : null;
			if ( ! $reply || ! $this->concluded( $reply ) ) {
				return true;
			}
			$after = end( $terms )->term_id;
			update_option( self::PLACE, compact( 'of', 'after' ), false );
		} while ( microtime( true ) < $until );
		return false;
	}

	/**
	 * Send terms and remember what they stand for.
	 *
	 * @param array[] $sent   The terms as the service takes them.
	 * @param ?string $editor Who changed them.
	 */
	private function resolve( array $sent, ?string $editor = null ): Reply {
		$body  = array_merge( array( 'terms' => $sent ), null === $editor ? array() : array( 'editor' => $editor ) );
		$reply = $this->client->request( 'POST', '/v1/terms/resolve', $body );
		if ( $reply->ok() && ! is_array( $reply->body['known'] ?? null ) ) {
			return new Reply( $reply->status, null ); // JSON, but not of the article tagger.
		}
		if ( $reply->ok() ) {
			$this->terms->know( array_filter( $sent, fn( array $term ) => get_term( $this->settings->term_number( $term['id'] ) ) instanceof \WP_Term ), $reply->body['known'] );
		}
		return $reply;
	}

	/**
	 * Whether a request need not be made again. An older service does not know such requests.
	 *
	 * @param Reply $reply What came back.
	 */
	private function concluded( Reply $reply ): bool {
		if ( $reply->is_away() ) {
			$this->outbox->pause_for( $reply );
		}
		return ! $reply->is_away() && $reply->status < 500;
	}

	/**
	 * Return the next terms behind an id.
	 *
	 * @param int $after The id.
	 * @return \WP_Term[]
	 */
	private function behind( int $after ): array {
		global $wpdb;
		$taxonomies = array_values( array_filter( $this->settings->taxonomies(), 'taxonomy_exists' ) );
		$marks      = implode( ', ', array_fill( 0, count( $taxonomies ), '%s' ) );
		$query      = "SELECT term_id FROM {$wpdb->term_taxonomy} WHERE taxonomy IN ( $marks ) AND term_id > %d ORDER BY term_id LIMIT %d";
		$ids        = $wpdb->get_col( $wpdb->prepare( $query, array_merge( $taxonomies, array( $after, self::BATCH ) ) ) ); // phpcs:ignore WordPress.DB
		return array_filter( array_map( fn( string $id ) => get_term( (int) $id ), $ids ), fn( mixed $term ) => $term instanceof \WP_Term );
	}

	/**
	 * Return options whose names begin so, the oldest first.
	 *
	 * @param string $prefix How they begin.
	 * @return array[]
	 */
	private function options( string $prefix ): array {
		global $wpdb;
		$query = "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_id LIMIT 100";
		$found = array();
		foreach ( $wpdb->get_col( $wpdb->prepare( $query, $wpdb->esc_like( $prefix ) . '%' ) ) as $name ) { // phpcs:ignore WordPress.DB
			$found[ $name ] = (array) get_option( $name );
		}
		return $found;
	}
}
