<?php
/**
 * What a change of the taxonomy does to the terms of the site.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Renames terms, and moves posts from one term to another, a batch at a time. What was moved is kept under the number of the
 * change, so that an undo moves it back.
 */
class Mover {

	const BATCH = 100;
	const MOVED = '_article_tagger_moved'; // Of a post: "n:term:into:had", for each term that it lost by the change n.
	const FROM  = '_article_tagger_from';  // Of a term: "n:tag" for each change n that moved its posts elsewhere.
	const TAG   = '_article_tagger_as';    // Of a term: the tag that it stood for when the last change was carried out.
	const WAS   = '_article_tagger_was';   // Of a term that took the name of another tag, a row for each change: n, its name and its slug before.

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Client   $client   The service.
	 * @param Terms    $terms    The terms.
	 */
	public function __construct( private Settings $settings, private Client $client, private Terms $terms ) {}

	/**
	 * Whether something is a change.
	 *
	 * @param mixed $change What the service sent.
	 */
	public function understands( mixed $change ): bool {
		return is_array( $change ) && is_int( $change['n'] ?? null ) && is_string( $change['tag'] ?? null );
	}

	/**
	 * Carry out the next batch of a change. It may be called again for a change that is done.
	 *
	 * @param array $change The change.
	 * @return array Whether it is done, how many posts were moved, and how many terms or posts could not be changed.
	 */
	public function step( array $change ): array {
		$was    = $change['before']['replaced_by'] ?? null;
		$heir   = $change['after']['replaced_by'] ?? null;
		$failed = $this->relabel( $change );
		Watcher::watch( Watcher::NOTHING );
		wp_defer_term_counting( true );
		try {
			if ( is_string( $heir ) && null === $was ) {
				list( $done, $moved, $more ) = $this->merge( $change['n'], $change['tag'], $heir );
			} elseif ( is_string( $was ) && null === $heir ) {
				list( $done, $moved, $more ) = $this->part( (int) ( $change['undoes'] ?? 0 ), $change['tag'] );
			} else {
				list( $done, $moved, $more ) = array( true, 0, 0 );
			}
		} finally {
			wp_defer_term_counting( false );
			Watcher::watch( Watcher::ALL );
		}
		return array( $done, $moved, $failed + $more );
	}

	/**
	 * Return how many posts a change has still to move.
	 *
	 * @param array $change The change.
	 */
	public function left( array $change ): int {
		$was  = $change['before']['replaced_by'] ?? null;
		$heir = $change['after']['replaced_by'] ?? null;
		if ( is_string( $heir ) && null === $was ) {
			$terms = $this->that_stood_for( $change['tag'], $heir );
			$kept  = $this->that_stand_for( $heir );
			$count = 0;
			foreach ( $terms as $place => $term ) {
				// Where the heir has no term, the most used one takes its name, and its posts stay.
				$takes_name = 0 === $place && ! wp_list_filter( $kept, array( 'taxonomy' => $term->taxonomy ) );
				$count     += $takes_name ? 0 : $this->n_posts( $term );
			}
			return $count;
		}
		return is_string( $was ) && null === $heir ? $this->n_moved( (int) ( $change['undoes'] ?? 0 ) ) : 0;
	}

	// --- labels ---

	/**
	 * Give the terms of a tag its new label, unless the site calls them otherwise.
	 *
	 * @param array $change The change.
	 * @return int How many could not be renamed.
	 */
	private function relabel( array $change ): int {
		$before = $change['before']['label'] ?? null;
		$after  = $change['after']['label'] ?? null;
		$failed = 0;
		foreach ( is_string( $before ) && is_string( $after ) && $before !== $after ? $this->that_stand_for( $change['tag'] ) : array() as $term ) {
			if ( html_entity_decode( $term->name, ENT_QUOTES | ENT_HTML5, 'UTF-8' ) === $this->terms->name_of( array( 'id' => $change['tag'], 'label' => $before ), $term->taxonomy ) ) { // phpcs:ignore
				$failed += $this->rename( $term, $after, $change['tag'] ) ? 0 : 1;
			}
		}
		return $failed;
	}

	/**
	 * Give a term the name of a tag.
	 *
	 * @param \WP_Term $term  The term.
	 * @param string   $label The label of the tag.
	 * @param string   $tag   Its id.
	 * @param string   $slug  A slug, where it is another one than now.
	 */
	private function rename( \WP_Term $term, string $label, string $tag, string $slug = '' ): bool {
		$name  = $this->terms->name_of( array( 'id' => $tag, 'label' => $label ), $term->taxonomy ); // phpcs:ignore
		$given = array( 'name' => wp_slash( $name ) );
		if ( '' !== $slug && $slug !== $term->slug ) {
			add_term_meta( $term->term_id, Hidden_Terms::SLUG, wp_slash( "{$term->taxonomy}:{$term->slug}" ) );
			$given['slug'] = $slug;
		}
		return ! is_wp_error( wp_update_term( $term->term_id, $term->taxonomy, $given ) );
	}

	// --- one tag in the place of another ---

	/**
	 * Move the posts of a tag's terms to that of its heir. Where the heir has none, the most used one becomes it.
	 *
	 * @param int    $n    The number of the change.
	 * @param string $tag  The id of the tag.
	 * @param string $heir The id of its heir.
	 * @return array Whether it is done, how many posts were moved, and how many could not be.
	 */
	private function merge( int $n, string $tag, string $heir ): array {
		$failed = 0;
		foreach ( $this->that_stood_for( $tag, $heir ) as $term ) {
			$into = wp_list_filter( $this->that_stand_for( $heir ), array( 'taxonomy' => $term->taxonomy ) );
			$into = reset( $into );
			if ( ! $into ) {
				$failed += $this->take_name( $n, $term, $heir ) ? 0 : 1;
				continue;
			}
			list( $done, $moved, $more ) = $this->move( $n, $term, $into );
			if ( ! $done ) {
				return array( false, $moved, $failed + $more );
			}
			add_term_meta( $term->term_id, self::FROM, wp_slash( "$n:$tag" ) );
			update_term_meta( $term->term_id, self::TAG, wp_slash( $heir ) );
			update_term_meta( $term->term_id, Terms::TAG, wp_slash( $heir ) );
			if ( 0 === $this->n_posts( $term ) ) {
				Hidden_Terms::hide( $term, $into );
			}
			return array( false, $moved, $failed + $more ); // Perhaps there is another one.
		}
		return array( true, 0, $failed );
	}

	/**
	 * Give a term the name of the tag that it stands for now.
	 *
	 * @param int      $n    The number of the change.
	 * @param \WP_Term $term The term.
	 * @param string   $heir The id of the tag.
	 */
	private function take_name( int $n, \WP_Term $term, string $heir ): bool {
		$reply = $this->client->request( 'GET', '/v1/tags/' . rawurlencode( $heir ) );
		$label = is_string( $reply->body['label'] ?? null ) ? $reply->body['label'] : $heir;
		$old   = (string) get_term_meta( $term->term_id, self::TAG, true );
		add_term_meta( $term->term_id, self::WAS, wp_slash( array( $n, $term->name, $term->slug ) ) );
		update_term_meta( $term->term_id, self::TAG, wp_slash( $heir ) );
		update_term_meta( $term->term_id, Terms::TAG, wp_slash( $heir ) );
		Additions::renamed( $term, $old, $heir );
		return $this->rename( $term, $label, $heir, $this->settings->get( 'slugs' ) && $old === $term->slug ? $heir : '' );
	}

	/**
	 * Move the next posts from one term to another. What is kept of a post is written first: a process that is killed in
	 * between is made up for by the next.
	 *
	 * @param int      $n    The number of the change.
	 * @param \WP_Term $from The one.
	 * @param \WP_Term $into The other one.
	 * @return array Whether it is done, how many posts were moved, and how many could not be.
	 */
	private function move( int $n, \WP_Term $from, \WP_Term $into ): array {
		global $wpdb;
		$query = "SELECT object_id FROM {$wpdb->term_relationships} WHERE term_taxonomy_id = %d ORDER BY object_id LIMIT %d";
		$ids   = array_map( 'intval', $wpdb->get_col( $wpdb->prepare( $query, $from->term_taxonomy_id, self::BATCH ) ) ); // phpcs:ignore WordPress.DB
		$moved = 0;
		foreach ( $ids as $post_id ) {
			if ( ! preg_grep( "/^$n:{$from->term_id}:/", (array) get_post_meta( $post_id, self::MOVED ) ) ) {
				$had = (int) ( true === is_object_in_term( $post_id, $into->taxonomy, $into->term_id ) );
				Meta::add( $post_id, self::MOVED, "$n:{$from->term_id}:{$into->term_id}:$had" );
			}
			$added = wp_set_object_terms( $post_id, array( $into->term_id ), $into->taxonomy, true );
			if ( ! is_wp_error( $added ) && true === wp_remove_object_terms( $post_id, $from->term_id, $from->taxonomy ) ) {
				$this->unconfirmed( $post_id, $from, $into );
				++$moved;
			}
		}
		$done = count( $ids ) < self::BATCH || 0 === $moved;
		return array( $done, $moved, $done ? count( $ids ) - $moved : 0 );
	}

	/**
	 * Keep that nobody has confirmed a tag which was added by itself.
	 *
	 * @param int      $post_id The post.
	 * @param \WP_Term $from    The term that it had.
	 * @param \WP_Term $into    The term that it has now.
	 */
	private function unconfirmed( int $post_id, \WP_Term $from, \WP_Term $into ): void {
		$tag = (string) get_term_meta( $from->term_id, self::TAG, true );
		if ( '' !== $tag ) {
			Additions::moved( $post_id, $tag, $into, $this->terms->tag_of( $into ) );
		}
	}

	// --- and back ---

	/**
	 * Move posts back that a change has moved, where they still have the term that they got.
	 *
	 * @param int    $n   The number of the change that was undone.
	 * @param string $tag The tag that is one of its own again.
	 * @return array Whether it is done, how many posts were moved, and how many could not be.
	 */
	private function part( int $n, string $tag ): array {
		global $wpdb;
		foreach ( $this->with( self::FROM, "$n:$tag" ) as $term ) {
			$like  = $wpdb->esc_like( "$n:{$term->term_id}:" ) . '%';
			$query = "SELECT post_id, meta_value FROM {$wpdb->postmeta} WHERE meta_key = %s AND meta_value LIKE %s ORDER BY meta_id LIMIT %d";
			$rows  = $wpdb->get_results( $wpdb->prepare( $query, self::MOVED, $like, self::BATCH ) ); // phpcs:ignore WordPress.DB
			$moved = 0;
			foreach ( $rows as $row ) {
				list( , , $into, $had ) = explode( ':', $row->meta_value );

				$moved += $this->move_back( (int) $row->post_id, $term, $tag, get_term( (int) $into ), '1' === $had );
				Meta::delete( (int) $row->post_id, self::MOVED, $row->meta_value );
			}
			if ( count( $rows ) < self::BATCH ) {
				delete_term_meta( $term->term_id, self::FROM, wp_slash( "$n:$tag" ) );
				$this->stands_again( $term, $tag );
			}
			return array( false, $moved, 0 );
		}
		$failed = 0;
		foreach ( $this->with( self::WAS, null ) as $term ) {
			foreach ( array_filter( get_term_meta( $term->term_id, self::WAS ), fn( mixed $row ) => is_array( $row ) && $n === (int) $row[0] ) as $was ) {
				$failed += $this->rename( $term, html_entity_decode( (string) $was[1], ENT_QUOTES | ENT_HTML5, 'UTF-8' ), $tag, (string) $was[2] ) ? 0 : 1;
				delete_term_meta( $term->term_id, self::WAS, wp_slash( $was ) );
				Additions::renamed( $term, $this->terms->tag_of( $term ), $tag );
				$this->stands_again( $term, $tag );
			}
		}
		return array( true, 0, $failed );
	}

	/**
	 * Give a post back its term.
	 *
	 * @param int      $post_id The post.
	 * @param \WP_Term $term    The term.
	 * @param string   $tag     The id of the tag that it stands for again.
	 * @param mixed    $into    The term that it got instead.
	 * @param bool     $had     Whether it had that one too.
	 * @return int How many posts that were.
	 */
	private function move_back( int $post_id, \WP_Term $term, string $tag, mixed $into, bool $had ): int {
		if ( ! $into instanceof \WP_Term || true !== is_object_in_term( $post_id, $into->taxonomy, $into->term_id ) ) {
			return 0; // Somebody has tagged it again meanwhile.
		}
		wp_set_object_terms( $post_id, array( $term->term_id ), $term->taxonomy, true );
		if ( ! $had ) {
			wp_remove_object_terms( $post_id, $into->term_id, $into->taxonomy );
			Additions::moved( $post_id, $this->terms->tag_of( $into ), $term, $tag );
		}
		return 1;
	}

	/**
	 * Have a term stand for a tag again.
	 *
	 * @param \WP_Term $term The term.
	 * @param string   $tag  The id of the tag.
	 */
	private function stands_again( \WP_Term $term, string $tag ): void {
		update_term_meta( $term->term_id, self::TAG, wp_slash( $tag ) );
		update_term_meta( $term->term_id, Terms::TAG, wp_slash( $tag ) );
		Hidden_Terms::show( $term );
	}

	// --- which terms ---

	/**
	 * Return the terms that stood for a tag before it was merged, the most used first. The service may have said since that
	 * they stand for its heir.
	 *
	 * @param string $tag  The id of the tag.
	 * @param string $heir The id of its heir.
	 * @return \WP_Term[]
	 */
	private function that_stood_for( string $tag, string $heir ): array {
		$living = $this->client->request( 'GET', '/v1/tags/' . rawurlencode( $tag ) )->body['replacement'] ?? $heir;
		$found  = array();
		foreach ( $this->that_stand_for( $tag ) as $term ) {
			if ( in_array( $this->terms->tag_of( $term ), array( $tag, $heir, $living ), true ) ) {
				$found[] = $term;
			} else { // It was renamed or matched with another tag since.
				update_term_meta( $term->term_id, self::TAG, wp_slash( $this->terms->tag_of( $term ) ) );
			}
		}
		return $found;
	}

	/**
	 * Return the terms that stand for a tag, the most used first.
	 *
	 * @param string $tag The id of the tag.
	 * @return \WP_Term[]
	 */
	private function that_stand_for( string $tag ): array {
		$hidden = Hidden_Terms::all();
		return array_values( array_filter( $this->with( self::TAG, $tag ), fn( \WP_Term $term ) => ! isset( $hidden[ $term->term_id ] ) ) );
	}

	/**
	 * Return terms with a field, the most used first.
	 *
	 * @param string  $field The field.
	 * @param ?string $value Its value, or null for any.
	 * @return \WP_Term[]
	 */
	private function with( string $field, ?string $value ): array {
		$found = get_terms(
			array_merge(
				array(
					'taxonomy'               => array_values( array_filter( $this->settings->taxonomies(), 'taxonomy_exists' ) ),
					'hide_empty'             => false,
					'orderby'                => 'count',
					'order'                  => 'DESC',
					'meta_key'               => $field, // phpcs:ignore WordPress.DB.SlowDBQuery
					'article_tagger_all'     => true,
					'update_term_meta_cache' => true,
				),
				null === $value ? array() : array( 'meta_value' => $value ) // phpcs:ignore
			)
		);
		return is_array( $found ) ? $found : array();
	}

	/**
	 * Return how many posts have a term, published or not.
	 *
	 * @param \WP_Term $term The term.
	 */
	private function n_posts( \WP_Term $term ): int {
		global $wpdb;
		return (int) $wpdb->get_var( $wpdb->prepare( "SELECT COUNT(*) FROM {$wpdb->term_relationships} WHERE term_taxonomy_id = %d", $term->term_taxonomy_id ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Return how many posts a change has moved.
	 *
	 * @param int $n The number of the change.
	 */
	private function n_moved( int $n ): int {
		global $wpdb;
		$query = "SELECT COUNT(*) FROM {$wpdb->postmeta} WHERE meta_key = %s AND meta_value LIKE %s";
		return (int) $wpdb->get_var( $wpdb->prepare( $query, self::MOVED, $wpdb->esc_like( "$n:" ) . '%' ) ); // phpcs:ignore WordPress.DB
	}
}
