<?php
/**
 * Terms of WordPress and tags of the service.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Knows which term stands for which tag. Terms are added to a post, never replaced.
 */
class Terms {

	const TAG = '_article_tagger_tag';

	/**
	 * Keep the settings.
	 *
	 * @param Settings $settings The settings.
	 */
	public function __construct( private Settings $settings ) {}

	/**
	 * Return the ids of the tags that a post has.
	 *
	 * @param int $post_id The post.
	 * @return string[]
	 */
	public function tags_of( int $post_id ): array {
		$tags = array();
		foreach ( $this->settings->taxonomies() as $taxonomy ) {
			$terms = taxonomy_exists( $taxonomy ) ? get_the_terms( $post_id, $taxonomy ) : false;
			foreach ( is_array( $terms ) ? $terms : array() as $term ) {
				if ( ! $this->is_filler( $term, count( $terms ) ) ) {
					$tags[] = $this->tag_of( $term );
				}
			}
		}
		return array_values( array_unique( $tags ) );
	}

	/**
	 * Return the terms of a post as the service takes them.
	 *
	 * @param int      $post_id The post.
	 * @param string[] $without The tags whose terms are left out.
	 * @return array[]
	 */
	public function to_send( int $post_id, array $without ): array {
		$sent = array();
		foreach ( $this->settings->taxonomies() as $taxonomy ) {
			$terms = taxonomy_exists( $taxonomy ) ? get_the_terms( $post_id, $taxonomy ) : false;
			foreach ( is_array( $terms ) ? $terms : array() as $term ) {
				$tags = array( $this->tag_of( $term ), (string) get_term_meta( $term->term_id, Mover::TAG, true ) );
				if ( ! array_intersect( $tags, $without ) && ! $this->is_filler( $term, count( $terms ) ) ) {
					$sent[] = $this->sendable( $term );
				}
			}
		}
		return array_slice( $sent, 0, 500 );
	}

	/**
	 * Return a term as the service takes it.
	 *
	 * @param \WP_Term $term The term.
	 */
	public function sendable( \WP_Term $term ): array {
		$sent = array(
			'id'       => $this->settings->term_id( $term->term_id ),
			'name'     => mb_substr( html_entity_decode( mb_scrub( $term->name, 'UTF-8' ), ENT_QUOTES | ENT_HTML5, 'UTF-8' ), 0, 200 ),
			'slug'     => mb_substr( mb_scrub( rawurldecode( $term->slug ), 'UTF-8' ), 0, 200 ),
			'taxonomy' => $term->taxonomy,
		);
		$tag  = get_term_meta( $term->term_id, self::TAG, true );
		return is_string( $tag ) && '' !== $tag ? array_merge( $sent, array( 'tag' => $tag ) ) : $sent;
	}

	/**
	 * Remember which tags terms stand for.
	 *
	 * @param array[] $sent  The terms as they were sent.
	 * @param array   $known The tags of those that stand for one, by the ids of the terms.
	 */
	public function know( array $sent, array $known ): void {
		foreach ( $sent as $term ) {
			$tag     = $known[ $term['id'] ] ?? '';
			$term_id = $this->settings->term_number( $term['id'] );
			if ( is_string( $tag ) && '' !== $tag ) {
				update_term_meta( $term_id, self::TAG, wp_slash( $tag ) );
				add_term_meta( $term_id, Mover::TAG, wp_slash( $tag ), true );
			} elseif ( isset( $term['tag'] ) ) {
				delete_term_meta( $term_id, self::TAG );
				delete_term_meta( $term_id, Mover::TAG );
			}
		}
	}

	/**
	 * Return the id of the tag that a term stands for.
	 *
	 * @param \WP_Term $term The term.
	 */
	public function tag_of( \WP_Term $term ): string {
		$mapped = get_term_meta( $term->term_id, self::TAG, true );
		return is_string( $mapped ) && '' !== $mapped ? $mapped : mb_substr( rawurldecode( $term->slug ), 0, 200 );
	}

	/**
	 * Return the term that stands for a tag, or null. Of several it is one that the post has, or else the one most used.
	 *
	 * @param array $tag     The tag: id, label and kind.
	 * @param int   $post_id The post.
	 */
	public function find( array $tag, int $post_id = 0 ): ?\WP_Term {
		$taxonomy = $this->settings->taxonomy_of( $tag['kind'], $post_id );
		$mapped   = $this->all_of( $tag['id'], $taxonomy );
		foreach ( count( $mapped ) > 1 ? $mapped : array() as $term ) {
			if ( true === is_object_in_term( $post_id, $taxonomy, $term->term_id ) ) {
				return $term;
			}
		}
		if ( $mapped ) {
			return $mapped[0];
		}
		foreach ( array( 'slug', 'name' ) as $field ) {
			$term = get_term_by( $field, 'slug' === $field ? $tag['id'] : $this->name_of( $tag, $taxonomy ), $taxonomy );
			if ( $term instanceof \WP_Term && '' === (string) get_term_meta( $term->term_id, self::TAG, true ) ) {
				return $term;
			}
		}
		return null;
	}

	/**
	 * Return the terms that are known to stand for a tag, the most used first.
	 *
	 * @param string          $tag_id   The id of the tag.
	 * @param string|string[] $taxonomy The taxonomy, or several.
	 * @return \WP_Term[]
	 */
	public function all_of( string $tag_id, string|array $taxonomy ): array {
		$mapped = get_terms(
			array(
				'taxonomy'   => $taxonomy,
				'hide_empty' => false,
				'number'     => 50,
				'orderby'    => 'count',
				'order'      => 'DESC',
				'meta_key'   => self::TAG, // phpcs:ignore WordPress.DB.SlowDBQuery
				'meta_value' => $tag_id, // phpcs:ignore WordPress.DB.SlowDBQuery
			)
		);
		return is_array( $mapped ) ? $mapped : array();
	}

	/**
	 * Remember which tags the terms of a post stand for, where their names tell and nobody knew it yet.
	 *
	 * @param int     $post_id     The post.
	 * @param array[] $suggestions The tags that are suggested for it.
	 * @return bool Whether there were any.
	 */
	public function learn( int $post_id, array $suggestions ): bool {
		$learned = false;
		$there   = $this->tags_of( $post_id );
		foreach ( $suggestions as $tag ) {
			$term = in_array( $tag['id'], $there, true ) ? null : $this->find( $tag );
			if ( $term && true === is_object_in_term( $post_id, $term->taxonomy, $term->term_id ) && ! $this->is_filler( $term, 1 ) ) {
				update_term_meta( $term->term_id, self::TAG, wp_slash( $tag['id'] ) );
				$learned = true;
			}
		}
		return $learned;
	}

	/**
	 * Add the term of a tag to a post; the term is made if there is none and the user may make it.
	 *
	 * @param \WP_Post $post The post.
	 * @param array    $tag  The tag: id, label and kind.
	 */
	public function give( \WP_Post $post, array $tag ): \WP_Term|\WP_Error {
		$taxonomy = get_taxonomy( $this->settings->taxonomy_of( $tag['kind'], $post ) );
		if ( false === $taxonomy || ! is_object_in_taxonomy( $post, $taxonomy->name ) ) {
			/* translators: %s: the name of a taxonomy */
			return new \WP_Error( 'article_tagger_taxonomy', sprintf( __( 'This kind of post has no %s. Choose another taxonomy in the settings.', 'article-tagger' ), $this->settings->taxonomy_of( $tag['kind'], $post ) ), array( 'status' => 409 ) );
		}
		if ( ! current_user_can( $taxonomy->cap->assign_terms ) ) {
			/* translators: %s: the name of a taxonomy, such as Tags */
			return new \WP_Error( 'article_tagger_assign', sprintf( __( 'You may not set %s.', 'article-tagger' ), $taxonomy->label ), array( 'status' => 403 ) );
		}
		$term = $this->find( $tag, $post->ID ) ?? $this->make( $tag, $taxonomy );
		return is_wp_error( $term ) ? $term : $this->add( $post, $term, $tag );
	}

	/**
	 * Return the term of a tag for a post, made if there is none. Not for a user: nobody's rights are asked.
	 *
	 * @param \WP_Post $post The post.
	 * @param array    $tag  The tag: id, label and kind.
	 */
	public function term_for( \WP_Post $post, array $tag ): \WP_Term|\WP_Error {
		$taxonomy = $this->settings->taxonomy_of( $tag['kind'], $post );
		if ( ! is_object_in_taxonomy( $post, $taxonomy ) ) {
			return new \WP_Error( 'article_tagger_taxonomy' );
		}
		return $this->find( $tag, $post->ID ) ?? $this->insert( $tag, $taxonomy );
	}

	/**
	 * Add a term that is there to a post, and remember which tag it stands for.
	 *
	 * @param \WP_Post $post The post.
	 * @param \WP_Term $term The term.
	 * @param array    $tag  The tag.
	 */
	public function add( \WP_Post $post, \WP_Term $term, array $tag ): \WP_Term|\WP_Error {
		update_term_meta( $term->term_id, self::TAG, wp_slash( $tag['id'] ) );
		add_term_meta( $term->term_id, Mover::TAG, wp_slash( $tag['id'] ), true );
		$set = wp_set_object_terms( $post->ID, array( $term->term_id ), $term->taxonomy, true );
		return is_wp_error( $set ) ? $set : $term;
	}

	/**
	 * Make the term of a tag.
	 *
	 * @param array        $tag      The tag.
	 * @param \WP_Taxonomy $taxonomy Its taxonomy.
	 */
	private function make( array $tag, \WP_Taxonomy $taxonomy ): \WP_Term|\WP_Error {
		// As for WordPress itself: whoever may set flat terms may make them, categories take more.
		if ( ! current_user_can( $taxonomy->hierarchical ? $taxonomy->cap->edit_terms : $taxonomy->cap->assign_terms ) ) {
			/* translators: %s: the label of a tag */
			return new \WP_Error( 'article_tagger_make', sprintf( __( 'There is no “%s” yet, and you may not make it. Ask an administrator.', 'article-tagger' ), $tag['label'] ), array( 'status' => 403 ) );
		}
		return $this->insert( $tag, $taxonomy->name );
	}

	/**
	 * Insert the term of a tag.
	 *
	 * @param array  $tag      The tag.
	 * @param string $taxonomy Its taxonomy.
	 */
	private function insert( array $tag, string $taxonomy ): \WP_Term|\WP_Error {
		$made = wp_insert_term( wp_slash( $this->name_of( $tag, $taxonomy ) ), $taxonomy, array( 'slug' => $tag['id'] ) );
		if ( is_wp_error( $made ) && 'term_exists' === $made->get_error_code() ) {
			// Two editors at once, or a term of this name that stands for another tag.
			$there = get_term( (int) $made->get_error_data(), $taxonomy );
			return $there instanceof \WP_Term && $this->tag_of( $there ) === $tag['id'] ? $there : $made;
		}
		return is_wp_error( $made ) ? $made : get_term( $made['term_id'], $taxonomy );
	}

	/**
	 * Return the name that a tag's term has.
	 *
	 * @param array  $tag      The tag.
	 * @param string $taxonomy Its taxonomy.
	 */
	public function name_of( array $tag, string $taxonomy ): string {
		$name = wp_strip_all_tags( $tag['label'] );
		if ( ! is_taxonomy_hierarchical( $taxonomy ) ) {
			$name = str_replace( ',', '', $name ); // The classic editor parts the names of tags at commas.
		}
		return '' === trim( $name ) ? $tag['id'] : trim( $name );
	}

	/**
	 * Take the category off a post that WordPress gave it because it had none, now that it has one.
	 *
	 * @param \WP_Post $post The post.
	 * @param \WP_Term $term The category that it was given.
	 * @return ?\WP_Term The one that it lost.
	 */
	public function without_filler( \WP_Post $post, \WP_Term $term ): ?\WP_Term {
		$terms = get_the_terms( $post->ID, $term->taxonomy );
		foreach ( is_array( $terms ) ? $terms : array() as $other ) {
			if ( $other->term_id !== $term->term_id && $this->is_filler( $other, 2 ) && true === wp_remove_object_terms( $post->ID, $other->term_id, $other->taxonomy ) ) {
				return $other;
			}
		}
		return null;
	}

	/**
	 * Whether a term of a post is only the category that WordPress gives to posts without one: nobody has chosen it. Beside
	 * others it is so as long as it stands for no tag.
	 *
	 * @param \WP_Term $term The term.
	 * @param int      $n    How many terms of this taxonomy the post has.
	 */
	private function is_filler( \WP_Term $term, int $n ): bool {
		return $this->is_default( $term ) && ( 1 === $n || '' === (string) get_term_meta( $term->term_id, self::TAG, true ) );
	}

	/**
	 * Whether WordPress gives a term to posts that have no other.
	 *
	 * @param \WP_Term $term The term.
	 */
	public function is_default( \WP_Term $term ): bool {
		return 'category' === $term->taxonomy && (int) get_option( 'default_category' ) === $term->term_id;
	}
}
