<?php
/**
 * The archive's way back.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Reads what archive runs added to the articles of this site and took back, a batch after the other, and has it done to the
 * posts. It keeps its place behind each batch, and a batch that was stopped is done again.
 */
class Archive {

	const STATE  = 'article_tagger_archive';        // See state().
	const BEHIND = 'article_tagger_archive_behind'; // While this is there, nothing is asked for.

	/**
	 * Keep the parts.
	 *
	 * @param Settings  $settings  The settings.
	 * @param Client    $client    The service.
	 * @param Outbox    $outbox    What waits.
	 * @param Additions $additions What is done to posts.
	 */
	public function __construct( private Settings $settings, private Client $client, private Outbox $outbox, private Additions $additions ) {}

	/**
	 * Carry out what waits.
	 *
	 * @param float $until When to leave the rest to the next sweep.
	 * @return bool Whether all is carried out.
	 */
	public function run( float $until ): bool {
		if ( ! $this->settings->get( 'archive' ) || get_transient( self::BEHIND ) ) {
			return true;
		}
		do {
			$page = $this->read();
			if ( null === $page ) {
				return true;
			}
			$this->keep( $this->additions->carry_out( $page['rows'] ), $page['next'] ?? $page['head'] );
		} while ( null !== $page['next'] && microtime( true ) < $until );
		return null === $page['next'];
	}

	/**
	 * Return how far it is.
	 *
	 * @return array n: the place. added, taken_off, offered, decided, failed: numbers of tags. of: the address of the service.
	 */
	public function state(): array {
		$none = array(
			'n'         => 0,
			'added'     => 0,
			'taken_off' => 0,
			'offered'   => 0,
			'decided'   => 0,
			'failed'    => 0,
			'of'        => $this->settings->address(),
		);
		$kept = (array) get_option( self::STATE, array() );
		return ( $kept['of'] ?? '' ) === $none['of'] ? array_merge( $none, $kept ) : $none;
	}

	/**
	 * Read the next batch.
	 *
	 * @return ?array head, next and rows, or null if there is nothing to do.
	 */
	private function read(): ?array {
		$state = $this->state();
		$query = array(
			'since'  => $state['n'],
			'limit'  => Additions::BATCH,
			'prefix' => $this->settings->get( 'prefix' ),
		);
		$reply = $this->client->request( 'GET', '/v1/assignments?' . http_build_query( $query ) );
		if ( $reply->is_away() ) {
			$this->outbox->pause_for( $reply );
		}
		$head = $reply->body['head'] ?? null;
		if ( ! $reply->ok() || ! is_int( $head ) || ! is_array( $reply->body['assignments'] ?? null ) ) {
			set_transient( self::BEHIND, 1, $reply->is_not_found() ? Feed::NOT_YET : Feed::EACH );
			return null;
		}
		if ( $head < $state['n'] ) {
			$this->begin_anew(); // The database of the service is an older one: nothing is done twice.
			return null;
		}
		$next = is_int( $reply->body['next'] ?? null ) ? $reply->body['next'] : null;
		if ( null === $next ) {
			set_transient( self::BEHIND, 1, Feed::EACH );
		}
		return array(
			'head' => $head,
			'next' => $next,
			'rows' => array_values( array_filter( array_map( array( $this, 'row' ), $reply->body['assignments'] ) ) ),
		);
	}

	/**
	 * Return an addition as it is carried out, or null if it is none of this site.
	 *
	 * @param mixed $sent What the service sent.
	 */
	private function row( mixed $sent ): ?array {
		foreach ( array( 'article_id', 'tag', 'added_as', 'label', 'run', 'state' ) as $name ) {
			if ( ! is_array( $sent ) || ! is_string( $sent[ $name ] ?? null ) ) {
				return null;
			}
		}
		$post = $this->additions->post_of( $sent['article_id'] );
		$tag  = array(
			'id'    => $sent['tag'],
			'label' => $sent['label'],
			'kind'  => is_string( $sent['kind'] ?? null ) ? $sent['kind'] : '',
		);
		return 0 === $post ? null : array(
			'post'   => $post,
			'tag'    => $tag,
			'as'     => $sent['added_as'],
			'score'  => is_numeric( $sent['score'] ?? null ) ? (float) $sent['score'] : 0.0,
			'run'    => $sent['run'],
			'undone' => 'undone' === $sent['state'],
			'sure'   => 'confirmed' === $sent['state'],
		);
	}

	/**
	 * Keep what was done, and the place behind it.
	 *
	 * @param array[] $numbers What became of additions, and of what was taken back.
	 * @param int     $place   The place.
	 */
	private function keep( array $numbers, int $place ): void {
		list( $put, $undone ) = $numbers;

		$state = $this->state();
		$more  = array(
			'added'     => $put[ Additions::SET ] ?? 0,
			'taken_off' => $undone[ Additions::SET ] ?? 0,
			'offered'   => $put[ Additions::OFFERED ] ?? 0,
			'decided'   => ( $put[ Additions::DECIDED ] ?? 0 ) + ( $undone[ Additions::DECIDED ] ?? 0 ),
			'failed'    => $put[ Additions::FAILED ] ?? 0,
		);
		foreach ( $more as $name => $n ) {
			$state[ $name ] += $n;
		}
		update_option( self::STATE, array_merge( $state, array( 'n' => $place ) ), false );
	}

	/**
	 * Read all from the beginning.
	 */
	private function begin_anew(): void {
		update_option( self::STATE, array_merge( $this->state(), array( 'n' => 0 ) ), false );
	}
}
