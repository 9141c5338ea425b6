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
	 * Return the tag that is called so: by its label, its id or another name. Null if there is none, or several.
	 *
	 * @param string $name The name.
	 */
	public function named( string $name ): ?array {
		$name  = mb_strtolower( trim( $name ) );
		$found = array_filter( '' === $name ? array() : $this->all(), fn( array $tag ) => mb_strtolower( $tag['label'] ) === $name );
		$found = $found ? $found : array_filter( '' === $name ? array() : $this->all(), fn( array $tag ) => in_array( $name, explode( "\n", $tag['names'] ), true ) );
		return 1 === count( $found ) ? reset( $found ) : null;
	}

	/**
	 * Return some of the tags, in the order of the taxonomy.
	 *
	 * @param int $n How many.
	 * @return array[]
	 */
	public function first( int $n ): array {
		return array_slice( $this->all(), 0, $n );
	}

	/**
	 * Return the kinds of tags.
	 *
	 * @return string[]
	 */
	public function kinds(): array {
		$kinds = array_values( array_unique( array_filter( array_column( $this->all(), 'kind' ) ) ) );
		sort( $kinds );
		return $kinds;
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
			$rows         = array_filter( $reply->body['tags'], 'is_array' );
			$tags         = array_values( array_filter( array_map( array( $this, 'read' ), $rows ) ) );
			$kept['tags'] = $this->with_names_of_retired( $tags, $rows );
		}
		$kept['at'] = $reply->ok() ? time() : time() - self::FRESH + 10; // Away: nobody is made to wait for each letter.
		set_transient( self::CACHE, $kept, WEEK_IN_SECONDS );
		return $kept['tags'];
	}

	/**
	 * Return what is kept of a tag, or null for one that may not be given.
	 *
	 * @param array $row A row of the answer.
	 */
	private function read( array $row ): ?array {
		if ( 'active' !== ( $row['status'] ?? '' ) || ! is_string( $row['id'] ?? null ) ) {
			return null;
		}
		return array(
			'id'    => $row['id'],
			'label' => is_string( $row['label'] ?? null ) ? $row['label'] : $row['id'],
			'kind'  => is_string( $row['kind'] ?? null ) ? $row['kind'] : '',
			'names' => $this->names( $row ),
			'note'  => is_string( $row['note'] ?? null ) ? mb_substr( trim( $row['note'] ), 0, 1000 ) : '',
		);
	}

	/**
	 * Return the id and the aliases of a row, a line each.
	 *
	 * @param array $row A row of the answer.
	 */
	private function names( array $row ): string {
		$aliases = array_column( (array) ( $row['aliases'] ?? array() ), 'text' );
		return mb_strtolower( implode( "\n", array_filter( array( $row['id'] ?? null, ...$aliases ), 'is_string' ) ) );
	}

	/**
	 * Return the tags, each found by the names of the retired tags that are read as it, too.
	 *
	 * @param array[] $tags The tags that may be given.
	 * @param array[] $rows The rows of the answer.
	 * @return array[]
	 */
	private function with_names_of_retired( array $tags, array $rows ): array {
		$names = array();
		foreach ( $rows as $row ) {
			if ( is_string( $row['replacement'] ?? null ) ) {
				$label = is_string( $row['label'] ?? null ) ? mb_strtolower( $row['label'] ) : '';

				$names[ $row['replacement'] ][] = $label . "\n" . $this->names( $row );
			}
		}
		foreach ( $tags as $place => $tag ) {
			$tags[ $place ]['names'] = implode( "\n", array( $tag['names'], ...( $names[ $tag['id'] ] ?? array() ) ) );
		}
		return $tags;
	}
}
