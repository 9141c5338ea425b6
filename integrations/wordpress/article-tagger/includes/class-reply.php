<?php
/**
 * What came back from the service.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * An answer, or what came instead of one. `status` is 0 where nothing answered.
 */
class Reply {

	/**
	 * Keep what came back.
	 *
	 * @param int    $status      The HTTP status.
	 * @param ?array $body        The JSON object, or null if it was none.
	 * @param string $failure     What went wrong on the way.
	 * @param int    $retry_after How many seconds the service asks to wait; 0 if it says nothing.
	 */
	public function __construct(
		public int $status,
		public ?array $body = null,
		public string $failure = '',
		public int $retry_after = 0
	) {}

	/**
	 * Whether the service did what it was asked.
	 */
	public function ok(): bool {
		return $this->status >= 200 && $this->status < 300 && null !== $this->body;
	}

	/**
	 * Whether no request would fare better at present: the service is away, refuses the key, or something else answers.
	 */
	public function is_away(): bool {
		return null === $this->body && 500 !== $this->status
			|| in_array( $this->status, array( 0, 401, 408, 429, 502, 503, 504 ), true );
	}

	/**
	 * Whether the key may not do this. Other requests may fare better.
	 */
	public function is_forbidden(): bool {
		return 403 === $this->status && ! $this->is_away();
	}

	/**
	 * Whether the service understood the request and will never take it.
	 */
	public function is_refused(): bool {
		return ! $this->is_away() && ( in_array( $this->status, array( 400, 413, 415, 422 ), true ) || $this->is_of_another_key() );
	}

	/**
	 * Whether the article belongs to another key of the service. The other 409 is a request that is still being carried out.
	 */
	private function is_of_another_key(): bool {
		return 409 === $this->status && '/docs#other-owner' === ( $this->body['type'] ?? '' );
	}

	/**
	 * Whether the service has no such article.
	 */
	public function is_not_found(): bool {
		return ! $this->is_away() && 404 === $this->status;
	}

	/**
	 * Whether the service has not, or not any more, what it was asked to delete.
	 */
	public function is_gone(): bool {
		return 204 === $this->status || $this->is_not_found();
	}

	/**
	 * Whether the field that a refusal names begins with this JSON Pointer.
	 *
	 * @param string $pointer The pointer.
	 */
	public function names( string $pointer ): bool {
		$error = $this->body['errors'][0]['pointer'] ?? '';
		return is_string( $error ) && str_starts_with( $error, $pointer );
	}

	/**
	 * Return what is wrong, for people; not to be trusted as HTML.
	 */
	public function problem(): string {
		if ( '' !== $this->failure ) {
			return $this->failure;
		}
		if ( is_string( $this->body['detail'] ?? null ) ) {
			return mb_substr( wp_strip_all_tags( $this->body['detail'] ), 0, 300 );
		}
		/* translators: %d: an HTTP status such as 502 */
		return sprintf( __( 'The answer has the status %d and is not one of the article tagger.', 'article-tagger' ), $this->status );
	}
}
