<?php
/**
 * The changes of the taxonomy.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Reads what was changed of the tags, one change after the other, and has it done to the terms. It keeps its place, and goes
 * on where it was stopped.
 */
class Feed {

	const STATE   = 'article_tagger_feed';        // See state().
	const BEHIND  = 'article_tagger_feed_behind'; // While this is there, nothing is asked for.
	const EACH    = 50; // seconds at least from one question to the next.
	const NOT_YET = HOUR_IN_SECONDS; // Until an older service, which has no feed, is asked again.

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Client   $client   The service.
	 * @param Outbox   $outbox   What waits.
	 * @param Mover    $mover    What is done to terms.
	 */
	public function __construct( private Settings $settings, private Client $client, private Outbox $outbox, private Mover $mover ) {}

	/**
	 * Carry out the changes that wait.
	 *
	 * @param float $until When to leave the rest to the next sweep.
	 * @return bool Whether all are carried out.
	 */
	public function run( float $until ): bool {
		if ( ! $this->settings->get( 'follow' ) || get_transient( self::BEHIND ) ) {
			return true;
		}
		$page = $this->read();
		while ( null !== $page ) {
			foreach ( $page['changes'] as $place => $change ) {
				if ( ! $this->carry_out( $change, $until ) ) {
					$this->tell( $this->mover->left( $change ) );
					return false;
				}
				if ( ( $page['changes'][ $place + 1 ]['n'] ?? 0 ) !== $change['n'] ) {
					$this->keep( array( 'n' => $change['n'] ) ); // One change may be about several tags.
				}
			}
			$this->keep( array( 'n' => $page['next'] ?? $page['head'] ) );
			$this->tell( 0 );
			$page = null === $page['next'] ? null : $this->read();
		}
		return true;
	}

	/**
	 * Return what the changes that wait would do, and do nothing.
	 *
	 * @return array[] Each a line of the change, and the number of posts that would get another term.
	 */
	public function plan(): array {
		$state = $this->state();
		$reply = null === $state['n'] ? null : $this->ask( $state['n'] );
		$page  = $reply ? $this->page( $reply ) : null;
		return array_map( fn( array $change ) => array( (string) $change['line'], $this->mover->left( $change ) ), $page['changes'] ?? array() );
	}

	/**
	 * Return how far the changes were carried out.
	 *
	 * @return array n: the last change that was carried out, null before the first reading. moved, failed: how many posts got
	 *               another term, and how many could not. of: the address of the service.
	 */
	public function state(): array {
		$none = array(
			'n'      => null,
			'moved'  => 0,
			'failed' => 0,
			'of'     => $this->settings->address(),
		);
		$kept = (array) get_option( self::STATE, array() );
		return ( $kept['of'] ?? '' ) === $none['of'] ? array_merge( $none, $kept ) : $none;
	}

	/**
	 * Carry out a change, in batches.
	 *
	 * @param array $change The change.
	 * @param float $until  When to leave the rest to the next sweep.
	 * @return bool Whether it is carried out.
	 */
	private function carry_out( array $change, float $until ): bool {
		do {
			list( $done, $moved, $failed ) = $this->mover->step( $change );

			$state = $this->state();
			$this->keep(
				array(
					'moved'  => $state['moved'] + $moved,
					'failed' => $state['failed'] + $failed,
				)
			);
		} while ( ! $done && microtime( true ) < $until );
		return $done;
	}

	/**
	 * Read the changes behind the place.
	 *
	 * @return ?array The page, or null if there is nothing to do.
	 */
	private function read(): ?array {
		$state = $this->state();
		$reply = $this->ask( $state['n'] ?? 0 );
		$page  = $this->page( $reply );
		if ( $reply->is_away() ) {
			$this->outbox->pause_for( $reply );
		}
		if ( null === $page ) {
			set_transient( self::BEHIND, 1, $reply->is_not_found() ? self::NOT_YET : self::EACH );
			return null;
		}
		if ( null === $state['n'] || $page['head'] < $state['n'] ) {
			$this->keep( array( 'n' => $page['head'] ) );
			$this->tell( 0 ); // The first time, or another service: terms were matched with tags as they are now.
			return null;
		}
		if ( $page['head'] === $state['n'] ) {
			set_transient( self::BEHIND, 1, self::EACH );
			return null;
		}
		return $page;
	}

	/**
	 * Ask for a page of the feed.
	 *
	 * @param int $since The place.
	 */
	private function ask( int $since ): Reply {
		return $this->client->request( 'GET', '/v1/tags/changes?since=' . $since );
	}

	/**
	 * Return a page of the feed, or null if a reply is none.
	 *
	 * @param Reply $reply The reply.
	 */
	private function page( Reply $reply ): ?array {
		if ( ! $reply->ok() || ! is_int( $reply->body['head'] ?? null ) || ! is_array( $reply->body['changes'] ?? null ) ) {
			return null;
		}
		return array(
			'head'    => $reply->body['head'],
			'next'    => is_int( $reply->body['next'] ?? null ) ? $reply->body['next'] : null,
			'changes' => array_values( array_filter( $reply->body['changes'], array( $this->mover, 'understands' ) ) ),
		);
	}

	/**
	 * Keep how far the changes were carried out.
	 *
	 * @param array $changed What is different.
	 */
	private function keep( array $changed ): void {
		update_option( self::STATE, array_merge( $this->state(), $changed ), false );
	}

	/**
	 * Tell the service how far the changes were carried out.
	 *
	 * @param int $to_do How many posts are left.
	 */
	private function tell( int $to_do ): void {
		$place = array_merge( $this->state(), array( 'to_do' => $to_do ) );
		unset( $place['of'] );
		$this->client->request( 'POST', '/v1/tags/changes/place', $place );
	}
}
