<?php
/**
 * The taxonomy of the service.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * A copy of the service's tags, at most some minutes old while the service is there, and kept while it is not.
 */
class Tags {

	const CACHE = 'article_tagger_tags';
	const FRESH = 5 * MINUTE_IN_SECONDS;
	const FOUND = 20;

	/**
	 * Keep the client.
	 *
	 * @param Client $client The client.
	 */
	public function __construct( private Client $client ) {}

	/**
	 * Return the tags whose label, id or other name has these words: those that begin with them first.
	 *
	 * @param string $words What was typed.
	 * @return array[] Each with id, label and kind.
	 */
	public function search( string $words ): array {
		$words = mb_strtolower( trim( $words ) );
		$found = array();
		foreach ( '' === $words ? array() : $this->all() as $tag ) {
			$place = mb_strpos( mb_strtolower( $tag['label'] ), $words );
			if ( false !== $place || str_contains( $tag['names'], $words ) ) {
				$found[] = array( 0 === $place ? 0 : 1, $tag );
			}
		}
		usort( $found, fn( array $a, array $b ) => array( $a[0], $a[1]['label'] ) <=> array( $b[0], $b[1]['label'] ) );
		return array_slice( array_column( $found, 1 ), 0, self::FOUND );
	}

	/**
	 * Return a tag by its id, or null.
	 *
	 * @param string $id The id.
	 */
	public function find( string $id ): ?array {
		foreach ( $this->all() as $tag ) {
			if ( $id === $tag['id'] ) {
				return $tag;
			}
		}
		return null;
	}

	/**
	 * Return all tags that may be given.
	 *
	 * @return array[]
	 */
	private function all(): array {
		$kept = get_transient( self::CACHE );
		$kept = is_array( $kept ) ? $kept : array(
			'at'   => 0,
			'tags' => array(),
		);
		if ( $kept['at'] > time() - self::FRESH ) {
			return $kept['tags'];
		}
		$reply = $this->client->get( '/v1/tags' );
		if ( $reply->ok() && is_array( $reply->body['tags'] ?? null ) ) {
			$kept['tags'] = array_values( array_filter( array_map( array( $this, 'read' ), $reply->body['tags'] ) ) );
		}
		$kept['at'] = $reply->ok() ? time() : time() - self::FRESH + 10; // Away: nobody is made to wait for each letter.
		set_transient( self::CACHE, $kept, WEEK_IN_SECONDS );
		return $kept['tags'];
	}

	/**
	 * Return what is kept of a tag, or null for one that may not be given.
	 *
	 * @param mixed $row A row of the answer.
	 */
	private function read( mixed $row ): ?array {
		if ( ! is_array( $row ) || 'active' !== ( $row['status'] ?? '' ) || ! is_string( $row['id'] ?? null ) ) {
			return null;
		}
		$label   = is_string( $row['label'] ?? null ) ? $row['label'] : $row['id'];
		$aliases = array_filter( array_column( (array) ( $row['aliases'] ?? array() ), 'text' ), 'is_string' );
		return array(
			'id'    => $row['id'],
			'label' => $label,
			'kind'  => is_string( $row['kind'] ?? null ) ? $row['kind'] : '',
			'names' => mb_strtolower( implode( "\n", array_merge( array( $row['id'] ), $aliases ) ) ),
		);
	}
}
