<?php
/**
 * The sending in the background.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Sends what waits: at once after a save, and in a sweep each minute for what could not be sent.
 */
class Sender {

	const SWEEP   = 'article_tagger_sweep';
	const MINUTE  = 'article_tagger_minute';
	const SECONDS = 20; // of one sweep.

	/**
	 * Keep the parts.
	 *
	 * @param Settings    $settings The settings.
	 * @param Client      $client   The service.
	 * @param Outbox      $outbox   What waits.
	 * @param Answers     $answers  What came back.
	 * @param Term_Sync   $sync     What the service knows of terms.
	 * @param Resend      $resend   What is sent again.
	 * @param Feed        $feed     What was changed of tags.
	 * @param Archive     $archive  What archive runs added.
	 * @param Open_Counts $counts   How many suggestions posts have.
	 * @param Telling     $telling  What editors did.
	 */
	public function __construct(
		private Settings $settings,
		private Client $client,
		private Outbox $outbox,
		private Answers $answers,
		private Term_Sync $sync,
		private Resend $resend,
		private Feed $feed,
		private Archive $archive,
		private Open_Counts $counts,
		private Telling $telling
	) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_filter( 'cron_schedules', array( $this, 'add_minute' ) ); // phpcs:ignore WordPress.WP.CronInterval
		add_action( 'init', array( $this, 'keep_sweeping' ) );
		add_action( self::SWEEP, array( $this, 'sweep' ) );
		add_action( Outbox::SEND, array( $this, 'sweep' ) );
	}

	/**
	 * Add the interval of the sweep.
	 *
	 * @param array $schedules The intervals.
	 */
	public function add_minute( array $schedules ): array {
		$schedules[ self::MINUTE ] = array(
			'interval' => MINUTE_IN_SECONDS,
			'display'  => 'Article Tagger',
		);
		return $schedules;
	}

	/**
	 * Schedule the sweep if it is not.
	 */
	public function keep_sweeping(): void {
		if ( ! wp_next_scheduled( self::SWEEP ) ) {
			wp_schedule_event( time(), self::MINUTE, self::SWEEP );
		}
	}

	/**
	 * Take all events of the plugin out of the schedule.
	 */
	public static function unschedule(): void {
		wp_clear_scheduled_hook( self::SWEEP );
		wp_clear_scheduled_hook( Outbox::SEND );
	}

	/**
	 * Send what is due, one post after the other, until the service is away or the time is over. On a copy of a site all
	 * stays as it is: what waits is marked as before, and nothing counts as a failure.
	 */
	public function sweep(): void {
		if ( ! $this->may_begin() ) {
			return;
		}
		$this->let_go();
		$until = microtime( true ) + self::SECONDS;
		$all   = $this->delete_articles( $until ) && $this->sync->tell_news() && $this->send_posts( $until ) && $this->sync->tell_all( $until ) && $this->resend->run() && $this->feed->run( $until ) && $this->archive->run( $until ) && $this->counts->catch_up();
		$this->unlock();
		if ( ! $all && ! $this->outbox->is_paused() ) {
			$this->outbox->schedule();
		}
	}

	/**
	 * Send a post for somebody who looks at it, if WordPress did not begin the sending in time.
	 *
	 * @param int $post_id The post.
	 */
	public function make_up_for( int $post_id ): void {
		if ( $this->outbox->is_late( $post_id ) && $this->may_begin() ) {
			$this->send( $post_id );
			$this->unlock();
		}
	}

	/**
	 * Whether a sending may begin; if so, no other process sends before `unlock`.
	 */
	private function may_begin(): bool {
		if ( ! $this->settings->may_send() ) {
			return false;
		}
		$this->settings->remember_site();
		return ! $this->outbox->is_paused() && $this->lock();
	}

	/**
	 * Delete the articles of posts that were deleted.
	 *
	 * @param float $until When to leave the rest to the next sweep.
	 * @return bool Whether nothing is left that could be done now.
	 */
	private function delete_articles( float $until ): bool {
		foreach ( $this->outbox->deletions() as $post_id => $article_id ) {
			$reply = $this->client->delete_article( $article_id );
			if ( $reply->is_gone() || $reply->is_refused() ) {
				$this->outbox->deleted( $post_id );
			} elseif ( $reply->is_away() ) {
				$this->outbox->pause_for( $reply );
				return false;
			}
			if ( microtime( true ) >= $until ) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Send the posts that are due.
	 *
	 * @param float $until When to leave the rest to the next sweep.
	 * @return bool Whether nothing is left that could be done now.
	 */
	private function send_posts( float $until ): bool {
		do {
			$post_id = $this->outbox->next_due();
		} while ( $post_id && $this->send( $post_id ) && microtime( true ) < $until );
		return ! $post_id;
	}

	/**
	 * Send the decisions on a post and then the post.
	 *
	 * @param int $post_id The post.
	 * @return bool Whether to go on with others.
	 */
	private function send( int $post_id ): bool {
		clean_post_cache( $post_id ); // It may have been saved since this process began.
		$post = get_post( $post_id );
		if ( ! $post ) {
			Meta::delete( $post_id, Outbox::DUE );
			return true;
		}
		$token = $this->outbox->token( $post_id );
		$reply = $this->telling->sights( $post_id ) ?? $this->telling->decisions( $post );
		if ( $reply && $reply->is_not_found() && $this->settings->covers( $post ) ) {
			$reply = $this->put( $post );  // The service does not know the article (any more).
			$reply = $reply->ok() ? $this->telling->decisions( $post ) : $reply;
		}
		if ( ! $reply && $this->settings->covers( $post ) && '' !== $token ) {
			$reply = $this->put( $post );
			$reply = $reply->ok() ? null : $reply;
		}
		$reply = $reply ?? $this->telling->decisions( $post, true );
		return $this->conclude( $post_id, $token, $reply );
	}

	/**
	 * Note how the sending of a post ended.
	 *
	 * @param int    $post_id The post.
	 * @param string $token   The mark that it had.
	 * @param ?Reply $reply   What went wrong, or null.
	 * @return bool Whether to go on with others.
	 */
	private function conclude( int $post_id, string $token, ?Reply $reply ): bool {
		if ( ! $reply ) {
			$this->outbox->done( $post_id, $token, (string) get_post_meta( $post_id, Outbox::PROBLEM, true ) );
			$this->outbox->resume();
			delete_option( Outbox::REFUSED );
			return true;
		}
		if ( $reply->is_refused() ) {
			/* translators: %s: what the service says is wrong */
			$this->outbox->done( $post_id, $token, sprintf( __( 'The article tagger does not take this post: %s', 'article-tagger' ), $reply->problem() ) );
			return true;
		}
		if ( $reply->is_forbidden() ) {
			/* translators: %s: what the service says is wrong */
			Meta::update( $post_id, Outbox::PROBLEM, wp_slash( sprintf( __( 'The article tagger refuses this: %s Tell an administrator.', 'article-tagger' ), $reply->problem() ) ) );
			update_option( Outbox::REFUSED, array( time(), $reply->problem() ), false );
		}
		// That the service is away is no fault of the post: it waits no longer than the service is left alone.
		$this->outbox->postpone( $post_id, $reply->retry_after, $reply->is_away() ? Outbox::LONGEST_PAUSE : Outbox::LONGEST_WAIT );
		if ( $reply->is_away() ) {
			$this->outbox->pause_for( $reply );
			return false;
		}
		return true;
	}

	/**
	 * Send a post as it is now and keep the answer.
	 *
	 * @param \WP_Post $post The post.
	 */
	private function put( \WP_Post $post ): Reply {
		$article    = $this->article( $post );
		$article_id = $this->settings->article_id( $post->ID );
		$reply      = $this->client->put_article( $article_id, $article );
		$unknown    = $this->refused_field( $reply, $article );
		while ( '' !== $unknown ) {
			$article = $this->without( $unknown, $article, $post->ID );
			$reply   = $this->client->put_article( $article_id, $article );
			$unknown = $this->refused_field( $reply, $article );
		}
		if ( $reply->ok() && ! is_string( $reply->body['suggestion_set_id'] ?? null ) ) {
			$reply = new Reply( $reply->status, null ); // JSON, but not of the article tagger.
		}
		if ( $reply->ok() ) {
			Meta::delete( $post->ID, Outbox::PROBLEM );
			$this->answers->keep( $post->ID, $reply->body, $article );
			if ( $this->settings->get( 'auto' ) ) {
				$this->answers->add_by_itself( $post );
			}
		}
		return $reply;
	}

	/**
	 * Return the field that an older service does not know, of those that it can do without; empty if there is none.
	 *
	 * @param Reply $reply   Its answer, which names one field.
	 * @param array $article The article that was sent.
	 */
	private function refused_field( Reply $reply, array $article ): string {
		foreach ( $reply->is_refused() ? array( 'standfirst', 'terms', 'background', 'language' ) : array() as $field ) {
			if ( isset( $article[ $field ] ) && $reply->names( "/$field" ) ) {
				return $field;
			}
		}
		return '';
	}

	/**
	 * Return an article as an older service takes it.
	 *
	 * @param string $field   The field that the service does not know.
	 * @param array  $article The article.
	 * @param int    $post_id Its post.
	 */
	private function without( string $field, array $article, int $post_id ): array {
		unset( $article[ $field ] );
		return 'terms' === $field ? array_merge( $article, array( 'tags' => $this->answers->tags_to_list( $post_id ) ) ) : $article;
	}

	/**
	 * Return a post as the service takes it.
	 *
	 * @param \WP_Post $post The post.
	 */
	private function article( \WP_Post $post ): array {
		$article = array(
			'title'       => html_entity_decode( wp_strip_all_tags( Text::sendable( $post->post_title ) ), ENT_QUOTES | ENT_HTML5, 'UTF-8' ),
			'body'        => Text::body( $post->post_content ),
			'body_format' => 'html',
			'terms'       => $this->answers->terms_to_list( $post->ID ),
			'background'  => true, // What is shown the panel says.
		);
		// What the author wrote. WordPress makes an excerpt of the first words only where a theme shows one.
		$excerpt = trim( Text::sendable( $post->post_excerpt ) );
		if ( '' !== $excerpt ) {
			$article['standfirst'] = $excerpt;
		}
		$language = Text::language( $post );
		if ( '' !== $language ) {
			$article['language'] = $language;
		}
		if ( ! str_starts_with( $post->post_date_gmt, '0000' ) ) { // Drafts have no date yet.
			$article['published_at'] = str_replace( ' ', 'T', $post->post_date_gmt ) . '+00:00';
		}
		if ( 'publish' === $post->post_status ) {
			$article['url'] = mb_substr( (string) get_permalink( $post ), 0, 2000 );
		}
		/**
		 * Filters what the service is sent of a post.
		 *
		 * @param array    $article title, standfirst, body, body_format, language, terms, published_at and url, as `PUT /v1/articles` takes them.
		 * @param \WP_Post $post    The post.
		 */
		return (array) apply_filters( 'article_tagger_article', $article, $post );
	}

	/**
	 * End the answer to whoever viewed the page that began this. WordPress does so itself under PHP-FPM; elsewhere that page,
	 * which may be a save, would wait for a slow service up to a second.
	 */
	private function let_go(): void {
		if ( ! wp_doing_cron() || 'cli' === PHP_SAPI || headers_sent() || function_exists( 'fastcgi_finish_request' ) ) {
			return;
		}
		header( 'Connection: close' );
		header( 'Content-Length: 0' );
		while ( ob_get_level() > 0 ) {
			ob_end_clean();
		}
		flush();
	}

	/**
	 * Keep other processes from sending; the lock goes with the connection if this one dies.
	 */
	private function lock(): bool {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery
		return '0' !== $wpdb->get_var( $wpdb->prepare( 'SELECT GET_LOCK( %s, 0 )', $this->lock_name() ) );
	}

	/**
	 * Let other processes send.
	 */
	private function unlock(): void {
		global $wpdb;
		$wpdb->query( $wpdb->prepare( 'SELECT RELEASE_LOCK( %s )', $this->lock_name() ) ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
	}

	/**
	 * Return the name of the lock; names are shared by all sites of a database server.
	 */
	private function lock_name(): string {
		global $wpdb;
		return substr( 'article_tagger_' . md5( DB_NAME . $wpdb->prefix ), 0, 60 );
	}
}
