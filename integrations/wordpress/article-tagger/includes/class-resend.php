<?php
/**
 * Posts that are sent again because their terms stand for other tags.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Marks the posts of a term, a few at a time and behind what editors save.
 */
class Resend {

	const TERM  = 'article_tagger_resend_'; // An option for each term, with the last post that was marked.
	const BATCH = 100;

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Outbox   $outbox   What waits.
	 */
	public function __construct( private Settings $settings, private Outbox $outbox ) {}

	/**
	 * Have the posts of a term sent again.
	 *
	 * @param \WP_Term $term The term.
	 */
	public function posts_of( \WP_Term $term ): void {
		update_option( self::TERM . $term->term_taxonomy_id, 0, false );
		$this->outbox->schedule();
	}

	/**
	 * Mark the next posts.
	 *
	 * @return bool Whether all are marked.
	 */
	public function run(): bool {
		global $wpdb;
		$like = $wpdb->esc_like( self::TERM ) . '%';
		$name = (string) $wpdb->get_var( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_id LIMIT 1", $like ) ); // phpcs:ignore WordPress.DB
		if ( '' === $name ) {
			return true;
		}
		$query = "SELECT object_id FROM {$wpdb->term_relationships} WHERE term_taxonomy_id = %d AND object_id > %d ORDER BY object_id LIMIT %d";
		$ids   = $wpdb->get_col( $wpdb->prepare( $query, (int) substr( $name, strlen( self::TERM ) ), (int) get_option( $name ), self::BATCH ) ); // phpcs:ignore WordPress.DB
		foreach ( array_map( 'intval', $ids ) as $post_id ) {
			$post = get_post( $post_id );
			if ( $post && $this->settings->covers( $post ) ) {
				$this->outbox->mark( $post_id, true );
			}
		}
		if ( count( $ids ) < self::BATCH ) {
			delete_option( $name );
		} else {
			update_option( $name, (int) end( $ids ), false );
		}
		return false;
	}
}
