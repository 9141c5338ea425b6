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
	const OPTION  = 'article_tagger';
	const NETWORK = 'article_tagger_network'; // The address and the key for all sites of a network.
	const SITE    = 'article_tagger_site'; // The address of the site that the settings were made for; see here().

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
		'kinds'             => array(), // By post types (or any) and kinds of tags: the taxonomy, where it is not the usual one.
		'completes'         => false,
		'drafts'            => false,
		'follow'            => true,
		'archive'           => true,
		'slugs'             => false,
	);

	/**
	 * Return one setting.
	 *
	 * @param string $name A key of DEFAULTS.
	 */
	public function get( string $name ): mixed {
		$value = $this->own( $name );
		if ( in_array( $name, array( 'address', 'key' ), true ) && '' === (string) $value ) {
			return $this->of_network( $name );
		}
		return $value ?? ( 'prefix' === $name ? self::default_prefix() : self::DEFAULTS[ $name ] );
	}

	/**
	 * Return what this site has set itself, null if it has not.
	 *
	 * @param string $name A key of DEFAULTS.
	 */
	public function own( string $name ): mixed {
		$stored = get_option( self::OPTION, array() );
		return is_array( $stored ) ? $stored[ $name ] ?? null : null;
	}

	/**
	 * Return what is set for all sites of a network; empty if nothing is, or there is no network.
	 *
	 * @param string $name The setting: address or key.
	 */
	public function of_network( string $name ): string {
		$stored = is_multisite() ? get_site_option( self::NETWORK, array() ) : array();
		return is_array( $stored ) && is_string( $stored[ $name ] ?? null ) ? $stored[ $name ] : '';
	}

	/**
	 * Return what ids begin with where nobody has said: of a site of a network with its number, but for the main site.
	 */
	public static function default_prefix(): string {
		return is_multisite() && ! is_main_site() ? 'wp-' . get_current_blog_id() . '-' : self::DEFAULTS['prefix'];
	}

	/**
	 * Return the address of the service without a slash at its end; empty if there is none yet.
	 */
	public function address(): string {
		return untrailingslashit( (string) $this->get( 'address' ) );
	}

	/**
	 * Return the address of a service as it is kept, null for what is none.
	 *
	 * @param string $given What was typed.
	 */
	public static function address_in( string $given ): ?string {
		$given = trim( $given );
		$url   = esc_url_raw( $given, array( 'http', 'https' ) );
		$host  = (string) wp_parse_url( $url, PHP_URL_HOST );
		$extra = wp_parse_url( $url, PHP_URL_QUERY ) || wp_parse_url( $url, PHP_URL_FRAGMENT ) || wp_parse_url( $url, PHP_URL_USER );
		return '' === $given || ( '' !== $host && ! $extra ) ? untrailingslashit( $url ) : null;
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
	 * Return the id under which the service knows a term. Sites that share a key have different ones.
	 *
	 * @param int $term_id The term.
	 */
	public function term_id( int $term_id ): string {
		return $this->term_prefix() . $term_id;
	}

	/**
	 * Return what those ids begin with.
	 */
	public function term_prefix(): string {
		return mb_substr( (string) $this->get( 'prefix' ), 0, 60 ) . 't';
	}

	/**
	 * Return the term that an id of the service means, or 0.
	 *
	 * @param string $id The id.
	 */
	public function term_number( string $id ): int {
		$prefix = $this->term_prefix();
		return str_starts_with( $id, $prefix ) ? (int) substr( $id, strlen( $prefix ) ) : 0;
	}

	/**
	 * Return the taxonomy that takes the tags of a kind on a post.
	 *
	 * @param string         $kind The kind of a tag.
	 * @param int|\WP_Post $post The post, or 0 for any.
	 */
	public function taxonomy_of( string $kind, int|\WP_Post $post = 0 ): string {
		$post     = $post ? get_post( $post ) : null;
		$kinds    = (array) $this->get( 'kinds' );
		$usual    = (string) $this->get( 'category' === $kind ? 'category_taxonomy' : 'tag_taxonomy' );
		$taxonomy = ( $post ? $kinds[ $post->post_type ][ $kind ] ?? '' : '' );
		$taxonomy = '' === $taxonomy ? $kinds['any'][ $kind ] ?? '' : $taxonomy;
		/**
		 * Filters the taxonomy that takes the tags of a kind.
		 *
		 * @param string    $taxonomy The taxonomy.
		 * @param string    $kind     The kind of the tag: group, place, person, theme, category or another one of the service.
		 * @param ?\WP_Post $post     The post, or null where any is meant.
		 */
		return (string) apply_filters( 'article_tagger_taxonomy', '' === $taxonomy || ! taxonomy_exists( $taxonomy ) ? $usual : $taxonomy, $kind, $post );
	}

	/**
	 * Return the taxonomies whose terms are sent as tags.
	 *
	 * @return string[]
	 */
	public function taxonomies(): array {
		$usual = array( $this->taxonomy_of( 'category' ), $this->taxonomy_of( 'tag' ) );
		$kinds = array_map( 'array_values', array_filter( array_values( (array) $this->get( 'kinds' ) ), 'is_array' ) );
		return array_values( array_unique( array_filter( array_merge( (array) $this->get( 'taxonomies' ), $usual, ...$kinds ) ) ) );
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
