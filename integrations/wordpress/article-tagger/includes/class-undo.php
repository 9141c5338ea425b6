<?php
/**
 * What editors can take back.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * The decisions of each post that the panel made, the newest last. Each user takes back only what is the user's own.
 */
class Undo {

	const DONE = '_article_tagger_done'; // A row for each decision: two editors at once do not overwrite each other.
	const MOST = 20;

	/**
	 * Keep the parts.
	 *
	 * @param Terms   $terms   The terms.
	 * @param Outbox  $outbox  What waits.
	 * @param Answers $answers What was suggested.
	 */
	public function __construct( private Terms $terms, private Outbox $outbox, private Answers $answers ) {}

	/**
	 * Note a decision.
	 *
	 * @param int    $post_id The post.
	 * @param string $key     The key of its row in the outbox.
	 * @param string $action  One of accept, add, reject and complete.
	 * @param ?array $tag     The tag; null of complete.
	 * @param array  $more    What changed with it: gave and took (terms), auto (whether it was added by itself), set.
	 */
	public function note( int $post_id, string $key, string $action, ?array $tag, array $more = array() ): void {
		$row = array_merge( $more, compact( 'key', 'action', 'tag' ), array( 'user' => get_current_user_id() ) );
		Meta::add( $post_id, self::DONE, wp_slash( $row ) );
		foreach ( array_slice( $this->rows( $post_id ), 0, -self::MOST ) as $old ) {
			Meta::delete( $post_id, self::DONE, wp_slash( $old ) );
		}
	}

	/**
	 * Note that the service has a decision. One that was taken back while it was sent is taken back there too.
	 *
	 * @param int    $post_id   The post.
	 * @param array  $sent      The decision as it was kept in the outbox.
	 * @param ?array $body      The answer of the service; null if it does not take the decision.
	 * @param bool   $is_wanted Whether nobody has taken it back meanwhile.
	 */
	public function sent( int $post_id, array $sent, ?array $body, bool $is_wanted ): void {
		$decisions = array_filter( is_array( $body['decisions'] ?? null ) ? $body['decisions'] : array(), fn( mixed $one ) => is_array( $one ) && is_string( $one['id'] ?? null ) );
		$known     = array(
			'ids'  => array_column( $decisions, 'id' ),
			'tags' => array_values( array_filter( array_column( $decisions, 'tag' ), 'is_string' ) ),
		);
		if ( ! $is_wanted ) {
			$this->undo_at_service( $post_id, $known, $sent['editor'] );
		}
		foreach ( $this->rows( $post_id ) as $row ) {
			if ( $row['key'] === $sent['key'] && $known['ids'] ) {
				Meta::update( $post_id, self::DONE, wp_slash( array_merge( $row, $known ) ), wp_slash( $row ) );
			} elseif ( $row['key'] === $sent['key'] ) {
				Meta::delete( $post_id, self::DONE, wp_slash( $row ) );
			}
		}
	}

	/**
	 * Return the last decision of the user, null if there is none to take back.
	 *
	 * @param int $post_id The post.
	 */
	public function last( int $post_id ): ?array {
		$own = array_filter( $this->rows( $post_id ), fn( array $row ) => get_current_user_id() === $row['user'] );
		return $own ? end( $own ) : null;
	}

	/**
	 * Return what the panel says of a decision.
	 *
	 * @param ?array $row The decision.
	 */
	public static function shown( ?array $row ): ?array {
		return $row ? array(
			'action' => $row['action'],
			'tag'    => $row['tag']['id'] ?? '',
			'label'  => $row['tag']['label'] ?? '',
		) : null;
	}

	/**
	 * Take back the last decision of the user: the post, the panel and the service are as before it.
	 *
	 * @param \WP_Post $post The post.
	 * @return ?array What the form needs to know, null if there is nothing to take back.
	 */
	public function undo( \WP_Post $post ): ?array {
		$row = $this->last( $post->ID );
		if ( ! $row || ! Meta::delete( $post->ID, self::DONE, wp_slash( $row ) ) ) {
			return null;
		}
		$is_waiting = false;
		foreach ( $this->outbox->decisions( $post->ID ) as $waiting ) {
			$is_waiting = $is_waiting || ( $waiting['key'] === $row['key'] && $this->outbox->sent( $post->ID, $waiting ) );
		}
		$tags = $row['tags'] ?? array();
		if ( ! $is_waiting ) {
			$this->undo_at_service( $post->ID, $row, Watcher::editor() );
		}
		if ( 'complete' === $row['action'] ) {
			$this->answers->not_complete( $post->ID );
		} else {
			$tags[] = $row['tag']['id'];
		}
		foreach ( array_unique( $tags ) as $tag ) {
			Meta::delete( $post->ID, Answers::GIVEN, wp_slash( Watcher::editor() . '/' . $tag ) );
		}
		if ( 'complete' !== $row['action'] && ( $row['set'] ?? '' ) === ( $this->answers->answer( $post->ID )['set'] ?? '' ) && 'add' !== $row['action'] ) {
			$this->answers->restore( $post->ID, $row['tag'] );
		}
		$more = array_filter( array( 'term' => $this->give_back( $post, $row ), 'removed' => $this->take_back( $post, $row ) ) ); // phpcs:ignore
		$this->outbox->mark( $post->ID );
		return array_merge( $more, array( 'undone' => self::shown( $row ) ) );
	}

	/**
	 * Give a post the term that it lost with a decision, and the mark of one that was added by itself.
	 *
	 * @param \WP_Post $post The post.
	 * @param array    $row  The decision.
	 */
	private function give_back( \WP_Post $post, array $row ): ?array {
		if ( ! empty( $row['auto'] ) && ! in_array( $row['tag']['id'], $this->answers->auto( $post->ID ), true ) ) {
			Meta::add( $post->ID, Answers::AUTO, wp_slash( $row['tag']['id'] ) );
		}
		$term = empty( $row['took'] ) ? null : get_term( $row['took'] );
		if ( ! $term instanceof \WP_Term ) {
			return null;
		}
		wp_set_object_terms( $post->ID, array( $term->term_id ), $term->taxonomy, true );
		return $this->answers->term_for_form( $term );
	}

	/**
	 * Take the term off a post that it got with a decision. That is no decision of its own.
	 *
	 * @param \WP_Post $post The post.
	 * @param array    $row  The decision.
	 */
	private function take_back( \WP_Post $post, array $row ): ?array {
		$term = empty( $row['gave'] ) ? null : get_term( $row['gave'] );
		if ( ! $term instanceof \WP_Term ) {
			return null;
		}
		$before = Watcher::watches();
		Watcher::watch( Watcher::LISTS );
		wp_remove_object_terms( $post->ID, $term->term_id, $term->taxonomy );
		Watcher::watch( $before );
		return $this->answers->term_for_form( $term );
	}

	/**
	 * Have decisions taken back that the service has, the last first.
	 *
	 * @param int    $post_id The post.
	 * @param array  $known   Their ids.
	 * @param string $editor  Whose they are.
	 */
	private function undo_at_service( int $post_id, array $known, string $editor ): void {
		foreach ( array_reverse( $known['ids'] ?? array() ) as $id ) {
			$this->outbox->decide( $post_id, array( 'action' => 'undo', 'decision_id' => $id ), array( 'editor' => $editor ) ); // phpcs:ignore
		}
	}

	/**
	 * Return the decisions of a post.
	 *
	 * @param int $post_id The post.
	 * @return array[]
	 */
	private function rows( int $post_id ): array {
		return array_values( array_filter( (array) get_post_meta( $post_id, self::DONE ), 'is_array' ) );
	}
}
