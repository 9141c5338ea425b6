<?php
/**
 * What the site's administrator has set.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Reads the options; nobody else does.
 */
class Settings {

	// One array: WordPress shows plain options to administrators at options.php, and an array as "SERIALIZED DATA".
	const OPTION = 'article_tagger';

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
