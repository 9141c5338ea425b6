<?php
/**
 * What the site's administrator has set, and for which site.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Reads the options; nobody else does. It writes only for which site they are.
 */
class Settings {

	// One array: WordPress shows plain options to administrators at options.php, and an array as "SERIALIZED DATA".
	const OPTION = 'article_tagger';
	const SITE   = 'article_tagger_site'; // The address of the site that the settings were made for; see here().

	const DEFAULTS = array(
		'address'           => '',
		'key'               => '',
		'post_types'        => array( 'post' ),
		'taxonomies'        => array( 'post_tag', 'category' ),
		'tag_taxonomy'      => 'post_tag',
		'category_taxonomy' => 'category',
		'shown'             => 10,
		'auto'              => false,
		'prefix'            => 'wp-',
	);

	/**
	 * Return one setting.
	 *
	 * @param string $name A key of DEFAULTS.
	 */
	public function get( string $name ): mixed {
		$stored = get_option( self::OPTION, array() );
		return is_array( $stored ) && isset( $stored[ $name ] ) ? $stored[ $name ] : self::DEFAULTS[ $name ];
	}

	/**
	 * Return the address of the service without a slash at its end; empty if there is none yet.
	 */
	public function address(): string {
		return untrailingslashit( (string) $this->get( 'address' ) );
	}

	/**
	 * Return the key of the service; the constant in wp-config.php comes first.
	 */
	public function key(): string {
		return $this->key_is_constant() ? (string) constant( 'ARTICLE_TAGGER_KEY' ) : (string) $this->get( 'key' );
	}

	/**
	 * Whether the key stands in wp-config.php.
	 */
	public function key_is_constant(): bool {
		return defined( 'ARTICLE_TAGGER_KEY' ) && '' !== constant( 'ARTICLE_TAGGER_KEY' );
	}

	/**
	 * Whether anything may be sent: there is an address, and this is the site that the settings were made for.
	 */
	public function may_send(): bool {
		return '' !== $this->address() && '' === $this->copied_from();
	}

	/**
	 * Return the address of the site that the database with these settings was copied from; empty if it was not. A copy for
	 * trying things out would overwrite and delete the articles of the site beside it.
	 */
	public function copied_from(): string {
		$known = (string) get_option( self::SITE, '' );
		return in_array( $known, array( '', self::here() ), true ) ? '' : (string) hex2bin( $known );
	}

	/**
	 * Remember for which site the settings were made, where nobody has saved their page since the plugin remembers it.
	 */
	public function remember_site(): void {
		if ( '' === (string) get_option( self::SITE, '' ) ) {
			update_option( self::SITE, self::here() );
		}
	}

	/**
	 * Return the address of this site without its scheme, which changes with a move to https. Not from home_url(), to which
	 * plugins for several languages add the language of the page; in hexadecimal digits, because whoever copies a site
	 * replaces its address in all of the database.
	 */
	public static function here(): string {
		$address = preg_replace( '#^[a-z]+://#i', '', (string) get_option( 'home' ) );
		return bin2hex( strtolower( untrailingslashit( $address ) ) );
	}

	/**
	 * Return the id of a post's article; an import of the site's export gives the same.
	 *
	 * @param int $post_id The post.
	 */
	public function article_id( int $post_id ): string {
		return $this->get( 'prefix' ) . $post_id;
	}

	/**
	 * Return the taxonomy that takes the tags of a kind.
	 *
	 * @param string $kind The kind of a tag.
	 */
	public function taxonomy_of( string $kind ): string {
		return (string) $this->get( 'category' === $kind ? 'category_taxonomy' : 'tag_taxonomy' );
	}

	/**
	 * Return the taxonomies whose terms are sent as tags.
	 *
	 * @return string[]
	 */
	public function taxonomies(): array {
		return array_unique( array_merge( (array) $this->get( 'taxonomies' ), array( $this->taxonomy_of( 'category' ), $this->taxonomy_of( 'tag' ) ) ) );
	}

	/**
	 * Whether posts of the type of a post are sent to the service.
	 *
	 * @param \WP_Post $post The post.
	 */
	public function covers_type( \WP_Post $post ): bool {
		return in_array( $post->post_type, (array) $this->get( 'post_types' ), true );
	}

	/**
	 * Whether a post is sent to the service.
	 *
	 * @param \WP_Post $post The post.
	 */
	public function covers( \WP_Post $post ): bool {
		return $this->covers_type( $post )
			&& in_array( $post->post_status, array( 'publish', 'future', 'draft', 'pending', 'private' ), true )
			&& '' === $post->post_password;
	}
}
