<?php
/**
 * What happens to posts.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Notes which posts were saved and whose terms were changed; it makes no request, so that saving costs no wait.
 */
class Watcher {

	const ALL     = 2;
	const LISTS   = 1; // That a post lost a term is no decision of its own. The next listing of its tags tells.
	const NOTHING = 0; // The service knows what happens, because it was its change.

	/**
	 * What counts as done by people.
	 *
	 * @var int
	 */
	private static int $watches = self::ALL;

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Terms    $terms    The terms.
	 * @param Outbox   $outbox   What waits.
	 * @param Answers  $answers  What was suggested.
	 */
	public function __construct( private Settings $settings, private Terms $terms, private Outbox $outbox, private Answers $answers ) {}

	/**
	 * Hook into WordPress. The block editor saves up to three times for one click: the mark is the same.
	 */
	public function register(): void {
		add_action( 'wp_after_insert_post', array( $this, 'saved' ), 10, 2 );
		add_action( 'transition_post_status', array( $this, 'published' ), 10, 3 );
		add_action( 'set_object_terms', array( $this, 'terms_set' ), 10, 6 );
		add_action( 'deleted_term_relationships', array( $this, 'terms_removed' ), 10, 3 );
		add_action( 'before_delete_post', array( $this, 'deleted' ), 10, 2 );
		add_action( 'delete_attachment', array( $this, 'deleted' ), 10, 2 ); // Of media WordPress says only this.
		add_filter( 'wxr_export_skip_postmeta', array( $this, 'skip_in_export' ), 10, 2 );
		add_filter( 'wxr_export_skip_termmeta', array( $this, 'skip_in_export' ), 10, 2 );
	}

	/**
	 * Say what counts as done by people from now on.
	 *
	 * @param int $what ALL, LISTS or NOTHING.
	 */
	public static function watch( int $what ): void {
		self::$watches = $what;
	}

	/**
	 * Return what counts as done by people.
	 */
	public static function watches(): int {
		return self::$watches;
	}

	/**
	 * Mark a post that was saved.
	 *
	 * @param int      $post_id The post.
	 * @param \WP_Post $post    The post.
	 */
	public function saved( int $post_id, \WP_Post $post ): void {
		if ( $this->is_meant( $post ) ) {
			$this->outbox->mark( $post_id );
		}
	}

	/**
	 * Take the tags of a post for complete that is published by somebody who has seen its panel, where that is set.
	 *
	 * @param string   $status The status that it gets.
	 * @param string   $before The status that it had.
	 * @param \WP_Post $post   The post.
	 */
	public function published( string $status, string $before, \WP_Post $post ): void {
		$is_first = 'publish' === $status && 'publish' !== $before;
		if ( $is_first && $this->settings->get( 'completes' ) && $this->is_meant( $post ) && $this->answers->was_seen( $post->ID ) ) {
			$this->answers->complete( $post->ID );
		}
	}

	/**
	 * Mark a post that has other terms than before.
	 *
	 * @param int    $post_id  The post, or what else has terms.
	 * @param array  $terms    The terms.
	 * @param int[]  $tt_ids   The terms by their ids in the taxonomy.
	 * @param string $taxonomy The taxonomy.
	 * @param bool   $append   Whether they were added.
	 * @param int[]  $before   What there was before.
	 */
	public function terms_set( int $post_id, mixed $terms, array $tt_ids, string $taxonomy, bool $append, array $before ): void {
		$is_change = array_diff( $tt_ids, $before ) || ( ! $append && array_diff( $before, $tt_ids ) );
		if ( $is_change && in_array( $taxonomy, $this->settings->taxonomies(), true ) ) {
			$this->touched( $post_id );
		}
	}

	/**
	 * Mark a post that lost terms. The next listing of its tags tells; of a tag that was never listed a decision does.
	 *
	 * @param int    $post_id  The post.
	 * @param int[]  $tt_ids   The terms that it lost.
	 * @param string $taxonomy Their taxonomy.
	 */
	public function terms_removed( int $post_id, array $tt_ids, string $taxonomy ): void {
		$post = in_array( $taxonomy, $this->settings->taxonomies(), true ) ? get_post( $post_id ) : null;
		if ( ! $post || ! $this->is_meant( $post ) ) {
			return;
		}
		$listed = (array) get_post_meta( $post_id, Answers::LISTED, true );
		foreach ( $tt_ids as $tt_id ) {
			$term = get_term_by( 'term_taxonomy_id', $tt_id, $taxonomy );
			$tag  = $term instanceof \WP_Term ? $this->terms->tag_of( $term ) : '';
			if ( self::ALL === self::$watches && '' !== $tag && ! in_array( $tag, $listed, true ) && $this->was_given( $post_id, $tag ) ) {
				$this->outbox->decide(
					$post_id,
					array(
						'action' => 'remove',
						'tag'    => $tag,
					),
					array( 'editor' => self::editor() )
				);
			}
			Meta::delete( $post_id, Answers::AUTO, wp_slash( $tag ) );
			$this->answers->taken( $post_id, $tag );
		}
		$this->outbox->mark( $post_id );
	}

	/**
	 * Have the article of a post deleted that is deleted for good, not one in the trash. Also one that was never sent from
	 * here: an import of the site's export has brought it to the service. On a copy of a site nothing is noted: the articles
	 * are those of the other site, and would be deleted if the copy was let send one day.
	 *
	 * @param int      $post_id The post.
	 * @param \WP_Post $post    The post.
	 */
	public function deleted( int $post_id, \WP_Post $post ): void {
		$is_sent = 'auto-draft' !== $post->post_status && $this->settings->covers_type( $post );
		if ( $is_sent && '' === $this->settings->copied_from() ) {
			$this->outbox->delete( $post_id, $this->settings->article_id( $post_id ) );
		}
	}

	/**
	 * Keep what the plugin knows out of exports of the site.
	 *
	 * @param bool   $skip Whether to skip.
	 * @param string $key  The name of a field of a post or a term.
	 */
	public function skip_in_export( bool $skip, string $key ): bool {
		return $skip || str_starts_with( $key, '_article_tagger_' );
	}

	/**
	 * Return the name under which the service knows the current user.
	 */
	public static function editor(): string {
		return self::name_of( wp_get_current_user() );
	}

	/**
	 * Return the name under which the service knows a user.
	 *
	 * @param \WP_User $user The user.
	 */
	public static function name_of( \WP_User $user ): string {
		$login = (string) preg_replace( '/[\/\x00-\x1f\x7f]/', '-', $user->user_login ?? '' );
		return '' === $login ? 'wordpress' : mb_substr( $login, 0, 80 );
	}

	/**
	 * Mark a post by its id.
	 *
	 * @param int $post_id The post.
	 */
	private function touched( int $post_id ): void {
		$post = get_post( $post_id );
		if ( $post && $this->is_meant( $post ) ) {
			$this->outbox->mark( $post_id );
		}
	}

	/**
	 * Whether a change of a post is one that a person made for good.
	 *
	 * @param \WP_Post $post The post.
	 */
	private function is_meant( \WP_Post $post ): bool {
		$is_import   = defined( 'WP_IMPORTING' ) && WP_IMPORTING;
		$is_autosave = defined( 'DOING_AUTOSAVE' ) && DOING_AUTOSAVE;
		return ! $is_import && ! $is_autosave && self::NOTHING !== self::$watches && $this->settings->covers( $post );
	}

	/**
	 * Whether the plugin gave a tag of which the service has no listing yet.
	 *
	 * @param int    $post_id The post.
	 * @param string $tag     The id of the tag.
	 */
	private function was_given( int $post_id, string $tag ): bool {
		if ( in_array( $tag, (array) get_post_meta( $post_id, Answers::AUTO ), true ) ) {
			return true;
		}
		foreach ( $this->outbox->decisions( $post_id ) as $row ) {
			if ( $tag === ( $row['decision']['tag'] ?? '' ) ) {
				return true;
			}
		}
		return false;
	}
}
