<?php
/**
 * Leaves nothing of the plugin behind but the tags that people and the plugin have given.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * Delete all that the plugin has kept on a site.
 */
function forget_all(): void {
	global $wpdb;
	delete_option( 'article_tagger' );
	delete_option( 'article_tagger_site' );
	delete_option( 'article_tagger_pause' );
	foreach ( array( 'terms_place', 'feed', 'hidden', 'refused', 'archive', 'counted' ) as $name ) {
		delete_option( "article_tagger_$name" );
	}
	delete_transient( 'article_tagger_feed_behind' );
	delete_transient( 'article_tagger_archive_behind' );
	foreach ( array( 'gone', 'term', 'merged', 'resend', 'import' ) as $what ) {
		$like = $wpdb->esc_like( "article_tagger_{$what}_" ) . '%';
		foreach ( $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $like ) ) as $name ) { // phpcs:ignore WordPress.DB
			delete_option( $name );
		}
	}
	$article_tagger_like = $wpdb->esc_like( '_transient_article_tagger_' ) . '%';
	foreach ( $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $article_tagger_like ) ) as $name ) { // phpcs:ignore WordPress.DB
		delete_transient( substr( $name, strlen( '_transient_' ) ) );
	}
	delete_transient( 'article_tagger_tags' );
	wp_clear_scheduled_hook( 'article_tagger_sweep' );
	wp_clear_scheduled_hook( 'article_tagger_send' );
	foreach ( array( 'tag', 'as', 'was', 'slug', 'from' ) as $name ) {
		delete_metadata( 'term', 0, "_article_tagger_$name", '', true );
	}
	foreach ( array( 'answer', 'listed', 'auto', 'unsent', 'due', 'attempts', 'problem', 'decision', 'moved', 'closed', 'given', 'seen', 'saw', 'done', 'archive', 'open', 'marked' ) as $name ) {
		delete_metadata( 'post', 0, "_article_tagger_$name", '', true );
	}
	// Each user's places of the boxes are WordPress's own, and harmless.
}

if ( is_multisite() ) {
	delete_site_option( 'article_tagger_network' );
	foreach ( get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) as $article_tagger_site ) { // phpcs:ignore
		switch_to_blog( $article_tagger_site );
		forget_all();
		restore_current_blog();
	}
} else {
	forget_all();
}
