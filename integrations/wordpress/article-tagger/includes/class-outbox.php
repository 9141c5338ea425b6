<?php
/**
 * What waits to be sent.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Marks of unsent posts and decisions that are not sent yet, all of it in post meta: nothing is lost while the service is away.
 * Only the articles of posts that are deleted have an option each.
 */
class Outbox {

	const UNSENT   = '_article_tagger_unsent';   // A token: what is saved while a sending is under way stays unsent.
	const DUE      = '_article_tagger_due';      // When to try next; a time.
	const ATTEMPTS = '_article_tagger_attempts'; // How often it failed in a row.
	const PROBLEM  = '_article_tagger_problem';  // Why the service refused it.
	const DECISION = '_article_tagger_decision'; // A row for each: two editors at once do not overwrite each other.
	const SEEN     = '_article_tagger_saw';      // A row for each time that suggestions came into sight.
	const GONE     = 'article_tagger_gone_';     // An option for each article to delete, named by the number of its post.
	const PAUSE    = 'article_tagger_pause';     // While the service is away: until when, how often in a row, and why.
	const REFUSED  = 'article_tagger_refused';   // When the service last said that the key may not do something, and what it said.
	const SEND     = 'article_tagger_send';      // The event of a sending, as soon as may be.

	const FIRST         = YEAR_IN_SECONDS; // What editors save counts as due for so long: before all that is sent in bulk.
	const SOON          = 2; // seconds: a click makes up to three requests, and none of them shall have to start the sending.
	const LATE          = 10; // seconds: a sending that has not begun by then is made up for.
	const LONGEST_PAUSE = 5 * MINUTE_IN_SECONDS;
	const LONGEST_WAIT  = 30 * MINUTE_IN_SECONDS;

	/**
	 * Mark a post as unsent, and have it sent in the background. While the service is left alone nothing is under way, and a
	 * mark that is there says all. A post that is one of many is sent behind those that editors save.
	 *
	 * @param int  $post_id The post.
	 * @param bool $in_bulk Whether it is one of many.
	 */
	public function mark( int $post_id, bool $in_bulk = false ): void {
		$due    = (int) get_post_meta( $post_id, self::DUE, true );
		$is_due = '' !== $this->token( $post_id ) && $due <= time();
		if ( $is_due && ( $in_bulk || ( $this->is_paused() && $due <= time() - self::FIRST ) ) ) {
			return;
		}
		Meta::update( $post_id, self::UNSENT, wp_generate_uuid4() );
		Meta::update( $post_id, self::DUE, $in_bulk ? time() : time() - self::FIRST );
		Meta::delete( $post_id, self::ATTEMPTS );
		$this->schedule();
	}

	/**
	 * Have what waits sent in the background. An event that is there already is enough, and WordPress refuses a second;
	 * while the service is away the sweep of each minute sees to it.
	 */
	public function schedule(): void {
		if ( ! $this->is_paused() && ! wp_next_scheduled( self::SEND ) ) {
			wp_schedule_single_event( time() + self::SOON, self::SEND );
		}
	}

	/**
	 * Whether a post is due, and WordPress should have begun the sending some seconds ago: it loses calls of its scheduler, and
	 * then makes no other one for a minute.
	 *
	 * @param int $post_id The post.
	 */
	public function is_late( int $post_id ): bool {
		$planned = wp_next_scheduled( self::SEND );
		return $planned && $planned <= time() - self::LATE && '' !== $this->token( $post_id ) && (int) get_post_meta( $post_id, self::DUE, true ) <= time();
	}

	/**
	 * Return the post that has waited longest of those that are due, or 0.
	 */
	public function next_due(): int {
		global $wpdb;
		return (int) $wpdb->get_var( // phpcs:ignore WordPress.DB.DirectDatabaseQuery
			$wpdb->prepare(
				"SELECT post_id FROM {$wpdb->postmeta} WHERE meta_key = %s AND CAST( meta_value AS UNSIGNED ) <= %d ORDER BY CAST( meta_value AS UNSIGNED ), meta_id LIMIT 1",
				self::DUE,
				time()
			)
		);
	}

	/**
	 * Return how many posts, how many decisions and how many deletions wait.
	 *
	 * @return int[] Posts, decisions, deletions.
	 */
	public function counts(): array {
		global $wpdb;
		$count = "SELECT COUNT(*) FROM {$wpdb->postmeta} WHERE meta_key = %s";
		// phpcs:disable WordPress.DB
		return array(
			(int) $wpdb->get_var( $wpdb->prepare( $count, self::UNSENT ) ),
			(int) $wpdb->get_var( $wpdb->prepare( $count, self::DECISION ) ),
			(int) $wpdb->get_var( $wpdb->prepare( "SELECT COUNT(*) FROM {$wpdb->options} WHERE option_name LIKE %s", self::like_gone() ) ),
		);
		// phpcs:enable
	}

	/**
	 * Return the mark of a post; empty if all of it was sent.
	 *
	 * @param int $post_id The post.
	 */
	public function token( int $post_id ): string {
		return (string) get_post_meta( $post_id, self::UNSENT, true );
	}

	/**
	 * Take the mark off a post, unless it was saved again meanwhile.
	 *
	 * @param int    $post_id The post.
	 * @param string $token   The mark that it had when it was read.
	 * @param string $problem Why the service does not take it; empty if it did.
	 */
	public function done( int $post_id, string $token, string $problem = '' ): void {
		if ( '' !== $token ) {
			Meta::delete( $post_id, self::UNSENT, $token );
		}
		Meta::delete( $post_id, self::ATTEMPTS );
		if ( '' === $problem ) {
			Meta::delete( $post_id, self::PROBLEM );
		} else {
			Meta::update( $post_id, self::PROBLEM, wp_slash( $problem ) );
		}
		$this->settle( $post_id );
	}

	/**
	 * Leave a post alone if nothing of it waits any more.
	 *
	 * @param int $post_id The post.
	 */
	public function settle( int $post_id ): void {
		wp_cache_delete( $post_id, 'post_meta' ); // Others write while a sending is under way.
		$waiting = $this->decisions( $post_id );
		$held    = array_filter( $waiting, fn( array $row ) => $this->is_held( $post_id, $row ) );
		if ( '' !== $this->token( $post_id ) || $this->seen( $post_id ) || count( $held ) < count( $waiting ) ) {
			return;
		}
		if ( $held ) {
			Meta::update( $post_id, self::DUE, min( array_column( array_column( $held, 'unsaved' ), 'until' ) ) );
		} else {
			Meta::delete( $post_id, self::DUE );
		}
	}

	/**
	 * Try a post again later: after 30 seconds, then twice as long each time.
	 *
	 * @param int $post_id     The post.
	 * @param int $retry_after How many seconds the service asks to wait.
	 * @param int $longest     How many seconds to wait at most, unless it asks for more.
	 */
	public function postpone( int $post_id, int $retry_after = 0, int $longest = self::LONGEST_WAIT ): void {
		$attempts = 1 + (int) get_post_meta( $post_id, self::ATTEMPTS, true );
		$wait     = max( $retry_after, self::back_off( 30, $attempts, $longest ) );
		Meta::update( $post_id, self::ATTEMPTS, $attempts );
		Meta::update( $post_id, self::DUE, time() + min( $wait, HOUR_IN_SECONDS ) );
	}

	// --- decisions ---

	/**
	 * Keep a decision until it is sent.
	 *
	 * @param int   $post_id  The post.
	 * @param array $decision What goes into the request: action, tag, reason.
	 * @param array $more     The editor, and the suggestion set if it is known.
	 * @return string The key of the decision.
	 */
	public function decide( int $post_id, array $decision, array $more ): string {
		$row = array_merge( array( 'key' => wp_generate_uuid4() ), $more, array( 'decision' => $decision ) );
		Meta::add( $post_id, self::DECISION, wp_slash( $row ) );
		$this->mark( $post_id ); // The answer to come takes it into account.
		/**
		 * Fires when somebody has decided on a tag, before the service is told.
		 *
		 * @param int   $post_id  The post.
		 * @param array $decision The decision: action, tag and perhaps reason.
		 * @param array $more     The editor, and the suggestion set if it is known.
		 */
		do_action( 'article_tagger_decided', $post_id, $decision, $more );
		return $row['key'];
	}

	/**
	 * Keep that an editor calls the tags of a post complete, until it is sent.
	 *
	 * @param int    $post_id The post.
	 * @param string $editor  The editor.
	 * @param bool   $second  Whether somebody else did so before.
	 * @return string The key of the decision.
	 */
	public function complete( int $post_id, string $editor, bool $second ): string {
		return $this->decide(
			$post_id,
			array(),
			array(
				'editor'   => $editor,
				'complete' => true,
				'second'   => $second,
			)
		);
	}

	/**
	 * Return the decisions that wait, the oldest first.
	 *
	 * @param int $post_id The post.
	 * @return array[]
	 */
	public function decisions( int $post_id ): array {
		return array_filter( (array) get_post_meta( $post_id, self::DECISION ), 'is_array' );
	}

	/**
	 * Return what holds back a decision that was made on a text before it is saved, for an hour at most.
	 *
	 * @param \WP_Post $post The post.
	 */
	public static function hold( \WP_Post $post ): array {
		return array(
			'text'  => $post->post_modified_gmt,
			'until' => time() + HOUR_IN_SECONDS,
		);
	}

	/**
	 * Whether a decision waits for the text to be saved that it was made on.
	 *
	 * @param int   $post_id The post.
	 * @param array $row     The decision as it was kept.
	 */
	public function is_held( int $post_id, array $row ): bool {
		$unsaved = $row['unsaved'] ?? null;
		return is_array( $unsaved ) && time() < $unsaved['until'] && get_post_field( 'post_modified_gmt', $post_id, 'raw' ) === $unsaved['text'];
	}

	/**
	 * Forget a decision that was sent.
	 *
	 * @param int   $post_id The post.
	 * @param array $row     The decision as it was kept.
	 * @return bool Whether it was there.
	 */
	public function sent( int $post_id, array $row ): bool {
		return Meta::delete( $post_id, self::DECISION, wp_slash( $row ) );
	}

	// --- what was shown ---

	/**
	 * Keep which suggestions somebody saw, until the service is told. It is in no hurry: several are told at once.
	 *
	 * @param int      $post_id The post.
	 * @param string   $set     The suggestion set.
	 * @param string[] $tags    The tags.
	 * @param string   $editor  Who saw them.
	 */
	public function saw( int $post_id, string $set, array $tags, string $editor ): void {
		$row = array(
			'set'    => $set,
			'tags'   => $tags,
			'editor' => $editor,
		);
		if ( $tags && '' !== $set && ! in_array( $row, $this->seen( $post_id ), true ) ) {
			Meta::add( $post_id, self::SEEN, wp_slash( $row ) );
			Meta::add( $post_id, self::DUE, time(), true );
			$this->schedule();
		}
	}

	/**
	 * Return what somebody saw and the service has not been told of, the oldest first.
	 *
	 * @param int $post_id The post.
	 * @return array[]
	 */
	public function seen( int $post_id ): array {
		return array_filter( (array) get_post_meta( $post_id, self::SEEN ), 'is_array' );
	}

	/**
	 * Forget what the service was told.
	 *
	 * @param int   $post_id The post.
	 * @param array $row     What somebody saw, as it was kept.
	 */
	public function told( int $post_id, array $row ): void {
		Meta::delete( $post_id, self::SEEN, wp_slash( $row ) );
	}

	// --- articles of deleted posts ---

	/**
	 * Have the article of a post deleted.
	 *
	 * @param int    $post_id    The post.
	 * @param string $article_id Its article.
	 */
	public function delete( int $post_id, string $article_id ): void {
		update_option( self::GONE . $post_id, $article_id, false );
		$this->schedule();
	}

	/**
	 * Return articles to delete by the numbers of their posts, the oldest first.
	 *
	 * @return string[]
	 */
	public function deletions(): array {
		global $wpdb;
		$query = "SELECT option_name, option_value FROM {$wpdb->options} WHERE option_name LIKE %s ORDER BY option_id LIMIT 100";
		$found = array();
		foreach ( $wpdb->get_results( $wpdb->prepare( $query, self::like_gone() ) ) as $row ) { // phpcs:ignore WordPress.DB
			$found[ (int) substr( $row->option_name, strlen( self::GONE ) ) ] = (string) $row->option_value;
		}
		return $found;
	}

	/**
	 * Forget the article of a post that the service has not any more.
	 *
	 * @param int $post_id The post.
	 */
	public function deleted( int $post_id ): void {
		delete_option( self::GONE . $post_id );
	}

	/**
	 * Return what the names of those options are like.
	 */
	private static function like_gone(): string {
		global $wpdb;
		return $wpdb->esc_like( self::GONE ) . '%';
	}

	// --- while the service is away ---

	/**
	 * Whether the service is left alone at present.
	 */
	public function is_paused(): bool {
		return $this->pause()['until'] > time();
	}

	/**
	 * Return what is known of the service being away.
	 *
	 * @return array until (a time), failures, problem, since (a time) and status.
	 */
	public function pause(): array {
		$none = array(
			'until'    => 0,
			'failures' => 0,
			'problem'  => '',
			'since'    => 0,
			'status'   => 0,
		);
		return array_merge( $none, (array) get_option( self::PAUSE, array() ) );
	}

	/**
	 * Leave the service alone for a while: 15 seconds, then twice as long each time.
	 *
	 * @param Reply $reply What came instead of an answer.
	 */
	public function pause_for( Reply $reply ): void {
		$before   = $this->pause();
		$failures = 1 + $before['failures'];
		$wait     = max( min( $reply->retry_after, HOUR_IN_SECONDS ), self::back_off( 15, $failures, self::LONGEST_PAUSE ) );
		$pause    = array(
			'until'    => time() + $wait,
			'failures' => $failures,
			'problem'  => $reply->problem(),
			'since'    => $before['since'] ? $before['since'] : time(),
			'status'   => $reply->status,
		);
		update_option( self::PAUSE, $pause, false );
	}

	/**
	 * Forget that the service was away.
	 */
	public function resume(): void {
		if ( $this->pause()['failures'] ) {
			delete_option( self::PAUSE );
		}
	}

	/**
	 * Return a wait that doubles with each failure.
	 *
	 * @param int $first   The first wait, in seconds.
	 * @param int $n       Which failure it is.
	 * @param int $longest The longest wait.
	 */
	private static function back_off( int $first, int $n, int $longest ): int {
		return (int) min( $longest, $first * 2 ** min( $n - 1, 12 ) );
	}
}
