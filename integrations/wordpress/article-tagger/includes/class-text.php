<?php
/**
 * The text of a post as readers meet it.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Makes of a post what the service takes of its text: patterns in their places, and of shortcodes only the text inside.
 */
class Text {

	const DEEPEST = 5; // patterns and shortcodes within each other.

	/**
	 * Return a text without what JSON may not hold.
	 *
	 * @param string $text The text.
	 */
	public static function sendable( string $text ): string {
		return str_replace( "\0", ' ', mb_scrub( $text, 'UTF-8' ) );
	}

	/**
	 * Return the content of a post.
	 *
	 * @param string $content The content as it is stored.
	 */
	public static function body( string $content ): string {
		return self::sendable( self::without_shortcodes( self::with_patterns( $content, self::DEEPEST ), self::DEEPEST ) );
	}

	/**
	 * Return the language of a post, as `fr`: what Polylang or WPML says of it, else the site's. Empty if none is told.
	 *
	 * @param \WP_Post $post The post.
	 */
	public static function language( \WP_Post $post ): string {
		$told = function_exists( 'pll_get_post_language' ) ? (string) pll_get_post_language( $post->ID, 'locale' ) : '';
		if ( '' === $told ) {
			$details = apply_filters( 'wpml_post_language_details', null, $post->ID ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedHooknameFound -- WPML answers it.
			$told    = is_array( $details ) && is_string( $details['language_code'] ?? null ) ? $details['language_code'] : '';
		}
		return preg_match( '/^[a-z]{2,3}(?![a-z])/', strtolower( '' === $told ? get_locale() : $told ), $found ) ? $found[0] : '';
	}

	/**
	 * Return a content with synced patterns in their places.
	 *
	 * @param string $content The content.
	 * @param int    $depth   How deep to look.
	 */
	private static function with_patterns( string $content, int $depth ): string {
		if ( 0 === $depth || ! str_contains( $content, '<!-- wp:block ' ) ) {
			return $content;
		}
		$put = function ( array $found ) use ( $depth ): string {
			$given   = json_decode( $found[1], true );
			$pattern = is_array( $given ) ? get_post( (int) ( $given['ref'] ?? 0 ) ) : null;
			$shown   = $pattern && 'wp_block' === $pattern->post_type && 'publish' === $pattern->post_status && '' === $pattern->post_password;
			return $shown ? self::with_patterns( $pattern->post_content, $depth - 1 ) : '';
		};
		return preg_replace_callback( '#<!-- wp:block (\{[^}]*\}) (?:/-->|-->(?:(?!<!-- /?wp:block).)*<!-- /wp:block -->)#s', $put, $content ) ?? $content;
	}

	/**
	 * Return a content in which shortcodes that are known are replaced by the text inside. Others are text for readers too.
	 *
	 * @param string $content The content.
	 * @param int    $depth   How deep to look.
	 */
	private static function without_shortcodes( string $content, int $depth ): string {
		global $shortcode_tags;
		if ( 0 === $depth || ! $shortcode_tags || ! str_contains( $content, '[' ) ) {
			return $content;
		}
		$inside = function ( array $found ) use ( $depth ): string {
			if ( '[' === $found[1] && ']' === $found[6] ) {
				return substr( $found[0], 1, -1 ); // It was written so that readers see it.
			}
			return $found[1] . self::without_shortcodes( $found[5], $depth - 1 ) . $found[6];
		};
		return preg_replace_callback( '/' . get_shortcode_regex() . '/', $inside, $content ) ?? $content;
	}
}
