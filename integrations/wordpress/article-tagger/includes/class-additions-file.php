<?php
/**
 * The files that archive runs write.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Reads what `archive run --output` and `export assignments` write: one article with its tags, or one tag of an article, a line.
 */
class Additions_File {

	const NO_TAG = 'no_tag'; // What became of a tag that the service has not any more.

	/**
	 * Keep the parts.
	 *
	 * @param Tags      $tags      The tags of the service.
	 * @param Additions $additions What is done to posts.
	 */
	public function __construct( private Tags $tags, private Additions $additions ) {}

	/**
	 * Yield the lines of a file by their numbers, the first is 1.
	 *
	 * @param string $file The file, packed with gzip or not.
	 */
	public function lines( string $file ): \Generator {
		$opened = gzopen( $file, 'rb' );
		$n      = 0;
		try {
			while ( is_string( $line = gzgets( $opened ) ) ) { // phpcs:ignore
				++$n;
				if ( '' !== trim( $line ) ) {
					yield $n => $line;
				}
			}
		} finally {
			gzclose( $opened );
		}
	}

	/**
	 * Return the additions of a line as they are carried out, or null if it is none of an archive run.
	 *
	 * @param string $name    The name of the file.
	 * @param string $line    The line.
	 * @param bool   $undone  Whether they are taken back.
	 * @param int[]  $numbers What became of others.
	 * @return ?array[]
	 */
	public function rows( string $name, string $line, bool $undone, array &$numbers ): ?array {
		$read = json_decode( $line, true );
		$many = is_array( $read ) && is_array( $read['suggestions'] ?? null );
		$id   = is_array( $read ) ? $read[ $many ? 'id' : 'article' ] ?? null : null;
		if ( ! is_string( $id ) || ( ! $many && ! is_string( $read['tag'] ?? null ) ) ) {
			return null;
		}
		$post = $this->additions->post_of( $id );
		$rows = array();
		foreach ( $many ? array_filter( $read['suggestions'], 'is_array' ) : array( $read ) as $one ) {
			$tag = is_string( $one['tag'] ?? null ) ? $this->tag( $one['tag'], $undone ) : null;
			if ( 0 === $post || null === $tag ) {
				$why             = 0 === $post ? Additions::NOT_SENT : self::NO_TAG;
				$numbers[ $why ] = 1 + ( $numbers[ $why ] ?? 0 );
				continue;
			}
			$rows[] = array(
				'post'   => $post,
				'tag'    => array_intersect_key( $tag, array_flip( array( 'id', 'label', 'kind' ) ) ),
				'as'     => $one['tag'],
				'score'  => is_numeric( $one['score'] ?? null ) ? (float) $one['score'] : 0.0,
				'run'    => is_string( $one['run'] ?? null ) ? $one['run'] : $name,
				'undone' => $undone,
				'sure'   => false,
			);
		}
		return $rows;
	}

	/**
	 * Return a tag as it is now, null if there is none. One that is to be taken off need not be there any more.
	 *
	 * @param string $id     The id as it was written.
	 * @param bool   $undone Whether it is taken back.
	 */
	private function tag( string $id, bool $undone ): ?array {
		$gone = array(
			'id'    => $id,
			'label' => $id,
			'kind'  => '',
		);
		return $this->tags->find( $id ) ?? $this->tags->named( $id ) ?? ( $undone ? $gone : null );
	}

	/**
	 * Return what may become of a tag, in words.
	 *
	 * @param bool $undone Whether they are taken back.
	 * @return string[]
	 */
	public function texts( bool $undone ): array {
		return array(
			Additions::SET      => $undone ? __( 'taken off', 'article-tagger' ) : __( 'set', 'article-tagger' ),
			Additions::THERE    => $undone ? __( 'not set by a run', 'article-tagger' ) : __( 'there before', 'article-tagger' ),
			Additions::OFFERED  => __( 'only suggested, since they are categories', 'article-tagger' ),
			Additions::DECIDED  => __( 'left alone, since an editor has decided', 'article-tagger' ),
			Additions::NOT_SENT => __( 'of posts that are not here or not sent', 'article-tagger' ),
			Additions::FAILED   => __( 'that these posts cannot take', 'article-tagger' ),
			self::NO_TAG        => __( 'with tags that the article tagger no longer has', 'article-tagger' ),
		);
	}
}
