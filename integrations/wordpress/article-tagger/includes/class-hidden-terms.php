<?php
/**
 * Terms in whose place others stand.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Keeps terms out of sight that lost their posts to others, leads their addresses to those, and deletes them after a month.
 */
class Hidden_Terms {

	const ALL  = 'article_tagger_hidden'; // The terms that are hidden: by the id of each the term in its place, and since when.
	const SLUG = '_article_tagger_slug';  // Of a term: "taxonomy:slug" for each address that leads to it besides its own.
	const DAYS = 30;

	/**
	 * Keep the settings.
	 *
	 * @param Settings $settings The settings.
	 */
	public function __construct( private Settings $settings ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_filter( 'get_terms_args', array( $this, 'leave_out' ) );
		add_action( 'added_term_relationship', array( $this, 'used_again' ), 10, 3 );
		add_action( 'template_redirect', array( $this, 'lead_on' ), 5 );
		add_action( Sender::SWEEP, array( $this, 'clear' ) );
	}

	/**
	 * Return the terms that are hidden.
	 *
	 * @return array[] By their ids: the term in its place, and since when.
	 */
	public static function all(): array {
		return (array) get_option( self::ALL, array() );
	}

	/**
	 * Hide a term without posts.
	 *
	 * @param \WP_Term $term The term.
	 * @param \WP_Term $into The term in its place.
	 */
	public static function hide( \WP_Term $term, \WP_Term $into ): void {
		add_term_meta( $into->term_id, self::SLUG, wp_slash( "{$term->taxonomy}:{$term->slug}" ) );
		update_option( self::ALL, self::all() + array( $term->term_id => array( $into->term_id, time() ) ) );
	}

	/**
	 * Show a term again.
	 *
	 * @param \WP_Term $term The term.
	 */
	public static function show( \WP_Term $term ): void {
		$hidden = self::all();
		if ( isset( $hidden[ $term->term_id ] ) ) {
			delete_term_meta( $hidden[ $term->term_id ][0], self::SLUG, wp_slash( "{$term->taxonomy}:{$term->slug}" ) );
			unset( $hidden[ $term->term_id ] );
			update_option( self::ALL, $hidden );
		}
	}

	/**
	 * Leave hidden terms out of lists. What is asked for by its id, its name or its posts is found.
	 *
	 * @param array $asked What is asked for.
	 */
	public function leave_out( array $asked ): array {
		$hidden = array_keys( self::all() );
		$named  = array_filter( array_intersect_key( $asked, array_flip( array( 'article_tagger_all', 'include', 'object_ids', 'name', 'slug', 'term_taxonomy_id' ) ) ) );
		if ( $hidden && ! $named ) {
			$asked['exclude'] = array_merge( wp_parse_id_list( $asked['exclude'] ?? array() ), $hidden );
		}
		return $asked;
	}

	/**
	 * Show a term again that somebody gives to a post.
	 *
	 * @param int    $post_id  The post.
	 * @param int    $tt_id    The term by its id in the taxonomy.
	 * @param string $taxonomy The taxonomy.
	 */
	public function used_again( int $post_id, int $tt_id, string $taxonomy ): void {
		$hidden = $post_id ? self::all() : array();
		$term   = $hidden ? get_term_by( 'term_taxonomy_id', $tt_id, $taxonomy ) : null;
		if ( $term instanceof \WP_Term && isset( $hidden[ $term->term_id ] ) && Watcher::NOTHING !== Watcher::watches() ) {
			self::show( $term );
		}
	}

	/**
	 * Lead the address of a term that was renamed or emptied to where its posts are.
	 */
	public function lead_on(): void {
		$term = is_404() ? $this->by_old_slug() : $this->in_place_of( get_queried_object() );
		$link = $term ? get_term_link( $term ) : null;
		if ( is_string( $link ) && wp_safe_redirect( $link, 301 ) ) {
			exit;
		}
	}

	/**
	 * Delete terms that nothing has used for a month.
	 */
	public function clear(): void {
		foreach ( self::all() as $term_id => $row ) {
			$term = $row[1] < time() - self::DAYS * DAY_IN_SECONDS ? get_term( $term_id ) : null;
			if ( $term instanceof \WP_Term && ! get_objects_in_term( $term_id, $term->taxonomy ) ) {
				$hidden = self::all();
				unset( $hidden[ $term_id ] );
				update_option( self::ALL, $hidden );
				wp_delete_term( $term_id, $term->taxonomy ); // Never in favour of another one: it has no posts.
			}
		}
	}

	/**
	 * Return the term in the place of a hidden one, or null.
	 *
	 * @param mixed $term What a page is about.
	 */
	private function in_place_of( mixed $term ): ?\WP_Term {
		$hidden = self::all();
		$found  = $term;
		for ( $steps = 0; $steps < 20 && $found instanceof \WP_Term && isset( $hidden[ $found->term_id ] ); ++$steps ) { // A circle ends too.
			$found = get_term( $hidden[ $found->term_id ][0] );
		}
		return $found instanceof \WP_Term && $found !== $term ? $found : null;
	}

	/**
	 * Return the term to which the slug of the address once led, or null.
	 */
	private function by_old_slug(): ?\WP_Term {
		foreach ( $this->settings->taxonomies() as $name ) {
			$taxonomy = get_taxonomy( $name );
			$slug     = $taxonomy && $taxonomy->query_var ? (string) get_query_var( $taxonomy->query_var ) : '';
			if ( '' === $slug ) {
				continue;
			}
			$found = get_terms(
				array(
					'taxonomy'           => $name,
					'hide_empty'         => false,
					'number'             => 1,
					'meta_key'           => self::SLUG, // phpcs:ignore WordPress.DB.SlowDBQuery
					'meta_value'         => $name . ':' . basename( $slug ), // phpcs:ignore WordPress.DB.SlowDBQuery
					'article_tagger_all' => true,
				)
			);
			if ( is_array( $found ) && $found ) {
				return $this->in_place_of( $found[0] ) ?? $found[0];
			}
		}
		return null;
	}
}
