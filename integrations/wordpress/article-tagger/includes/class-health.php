<?php
/**
 * How the connection to the service is.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Finds out whether suggestions can come, and says what to do where they cannot.
 */
class Health {

	const GOOD    = 'success';
	const WARNING = 'warning';
	const BAD     = 'error';
	const LONG    = HOUR_IN_SECONDS; // After which administrators are told that the service is away.
	const ASKED   = 2; // posts whose articles are looked at.
	const LATE    = 10 * MINUTE_IN_SECONDS; // So long after its time a sweep is overdue.

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Client   $client   The service.
	 * @param Outbox   $outbox   What waits.
	 */
	public function __construct( private Settings $settings, private Client $client, private Outbox $outbox ) {}

	/**
	 * Return what there is to say, the connection first; somebody waits for it.
	 *
	 * @return array[] Each a level and a text.
	 */
	public function lines(): array {
		if ( '' === $this->settings->address() ) {
			return array( array( self::WARNING, __( 'Not connected: there is no address yet.', 'article-tagger' ) ) );
		}
		$original = $this->settings->copied_from();
		if ( '' !== $original ) {
			/* translators: %s: the address of a site */
			return array( array( self::BAD, sprintf( __( 'This site was copied from %s. Nothing is sent. Save these settings if this site is to send to the service under the ids shown here.', 'article-tagger' ), $original ) ) );
		}
		return array_values( array_filter( array( $this->connection(), $this->ids(), $this->waiting(), $this->schedule(), $this->in_clear() ) ) );
	}

	/**
	 * Return what an administrator has to do, without asking the service.
	 *
	 * @return string[]
	 */
	public function to_do(): array {
		if ( ! $this->settings->may_send() ) {
			return array();
		}
		$pause   = $this->outbox->pause();
		$refused = (array) get_option( Outbox::REFUSED, array() );
		$to_do   = array();
		if ( 401 === $pause['status'] && $pause['failures'] ) {
			/* translators: %s: what the service says */
			$to_do[] = sprintf( __( 'The article tagger does not accept the key of this site: %s Set another one under Settings → Article Tagger.', 'article-tagger' ), self::sentence( $pause['problem'] ) );
		} elseif ( $pause['failures'] && $pause['since'] < time() - self::LONG ) {
			/* translators: 1: a time such as "2 hours", 2: what went wrong */
			$to_do[] = sprintf( __( 'The article tagger has not been reached for %1$s: %2$s Posts are saved as ever, and sent when it is back.', 'article-tagger' ), human_time_diff( $pause['since'] ), self::sentence( $pause['problem'] ) );
		}
		if ( $refused ) {
			/* translators: %s: what the service says */
			$to_do[] = sprintf( __( 'The article tagger refuses what this site sends: %s The key needs the role cms.', 'article-tagger' ), self::sentence( (string) $refused[1] ) );
		}
		$stopped = $this->schedule();
		return $stopped ? array_merge( $to_do, array( $stopped[1] ) ) : $to_do;
	}

	/**
	 * Return whether the service is there, takes the key and can do its work.
	 */
	private function connection(): array {
		$reply = $this->client->get( '/v1/articles?limit=1' );
		if ( ! $reply->ok() ) {
			/* translators: %s: what went wrong */
			return array( self::BAD, sprintf( __( 'Not connected: %s Saving posts is not affected; what is saved meanwhile is sent later.', 'article-tagger' ), self::sentence( $reply->problem() ) ) );
		}
		$ready = $this->client->get( '/health/ready' )->body ?? array();
		$wrong = implode( ' ', array_filter( (array) ( $ready['problems'] ?? array() ), 'is_string' ) );
		if ( '' !== $wrong || ! is_string( $ready['model_version'] ?? null ) ) {
			/* translators: %s: what the service says is wrong */
			return array( self::WARNING, sprintf( __( 'Connected, but not all is well: %s', 'article-tagger' ), wp_strip_all_tags( $wrong ) ) );
		}
		/* translators: %s: the version of a model */
		return array( self::GOOD, sprintf( __( 'Connected. The model is %s.', 'article-tagger' ), $ready['model_version'] ) );
	}

	/**
	 * Return whether the articles with the ids of this site's posts are another site's, or the key is none of a CMS.
	 */
	private function ids(): ?array {
		$key  = $this->client->get( '/v1/key' );
		$role = $key->ok() ? $key->body['role'] ?? null : null;
		if ( is_string( $role ) && ! in_array( $role, array( 'cms', 'admin' ), true ) ) {
			/* translators: %s: a role such as editor */
			return array( self::BAD, sprintf( __( 'The key has the role %s. WordPress needs one that was made with --role cms.', 'article-tagger' ), $role ) );
		}
		$posts = get_posts(
			array(
				'post_type'   => (array) $this->settings->get( 'post_types' ),
				'post_status' => 'publish',
				'numberposts' => self::ASKED,
			)
		);
		foreach ( $posts as $post ) {
			$article = $this->client->get( '/v1/articles/' . rawurlencode( $this->settings->article_id( $post->ID ) ) );
			$problem = $article->ok() ? $this->of_another( $article->body, $key->ok() ? $key->body['name'] ?? null : null ) : '';
			if ( '' !== $problem ) {
				return array( self::BAD, $problem );
			}
		}
		return null;
	}

	/**
	 * Return why an article is not of this site, or nothing.
	 *
	 * @param array   $article The article as the service has it.
	 * @param ?string $key     The name of this site's key, null if it is not known.
	 */
	private function of_another( array $article, ?string $key ): string {
		$id    = (string) ( $article['article_id'] ?? '' );
		$owner = $article['owner'] ?? null;
		if ( null !== $key && is_string( $owner ) && $owner !== $key ) {
			/* translators: 1: the id of an article, 2: the name of a key */
			return sprintf( __( 'The article %1$s belongs to the key %2$s. Have the ids of this site begin with something of its own, or have the articles handed over.', 'article-tagger' ), $id, $owner );
		}
		$url = is_string( $article['url'] ?? null ) ? $article['url'] : '';
		if ( '' !== $url && wp_parse_url( $url, PHP_URL_HOST ) !== wp_parse_url( home_url(), PHP_URL_HOST ) ) {
			/* translators: 1: the id of an article, 2: an address */
			return sprintf( __( 'The article %1$s is one of %2$s. If that is another site, have the ids of this one begin with something of its own: otherwise both overwrite each other.', 'article-tagger' ), $id, $url );
		}
		return '';
	}

	/**
	 * Return what waits to be sent, and since when the service is left alone.
	 */
	private function waiting(): ?array {
		list( $posts, $decisions, $deletions ) = $this->outbox->counts();
		if ( 0 === $posts + $decisions + $deletions ) {
			return null;
		}
		$text = sprintf(
			/* translators: 1: a number of posts, 2: a number of decisions, 3: a number of deleted posts */
			__( 'Waiting to be sent: posts: %1$s, decisions: %2$s, deletions: %3$s.', 'article-tagger' ),
			number_format_i18n( $posts ),
			number_format_i18n( $decisions ),
			number_format_i18n( $deletions )
		);
		$pause = $this->outbox->pause();
		if ( $this->outbox->is_paused() ) {
			/* translators: 1: a time such as "2 mins", 2: what went wrong */
			$text .= ' ' . sprintf( __( 'Next try in %1$s, since: %2$s', 'article-tagger' ), human_time_diff( time(), $pause['until'] ), $pause['problem'] );
		}
		return array( self::WARNING, $text );
	}

	/**
	 * Return whether WordPress runs its scheduled events.
	 */
	private function schedule(): ?array {
		$next = (int) wp_next_scheduled( Sender::SWEEP );
		if ( $next > time() - self::LATE ) {
			return null;
		}
		return array( self::BAD, __( 'Scheduled events do not run, so nothing is sent. Where DISABLE_WP_CRON is set, have wp-cron.php called each minute.', 'article-tagger' ) );
	}

	/**
	 * Return whether what is sent can be read on its way.
	 */
	private function in_clear(): ?array {
		$parts = wp_parse_url( $this->settings->address() );
		$local = in_array( $parts['host'] ?? '', array( 'localhost', '127.0.0.1', '[::1]' ), true );
		if ( $local || 'https' === ( $parts['scheme'] ?? '' ) ) {
			return null;
		}
		return array( self::WARNING, __( 'The address does not begin with https: the key and unpublished posts can be read on their way.', 'article-tagger' ) );
	}

	/**
	 * Return a text with a full stop at its end.
	 *
	 * @param string $text The text.
	 */
	private static function sentence( string $text ): string {
		return preg_match( '/[.!?]$/u', $text ) ? $text : $text . '.';
	}
}
