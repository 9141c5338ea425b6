<?php
/**
 * Plugin Name: For the tests: no word to the outside, and the classic editor and another address where an option asks for it.
 */
error_reporting( E_ALL & ~E_DEPRECATED ); // WordPress 6.1 on PHP 8.2.
foreach ( array( 'core', 'plugins', 'themes' ) as $what ) {
	add_filter( "pre_site_transient_update_$what", fn() => (object) array( 'last_checked' => time(), 'updates' => array(), 'response' => array(), 'version_checked' => $GLOBALS['wp_version'] ) );
}
add_filter( 'pre_wp_mail', '__return_true' );
add_filter( 'got_rewrite', '__return_true' );
add_filter( 'option_home', fn( string $home ) => get_option( 'tests_home' ) ?: $home, 20 ); // after WP_HOME
add_filter( 'use_block_editor_for_post', fn( bool $use ) => $use && ! get_option( 'tests_classic_editor' ) );
