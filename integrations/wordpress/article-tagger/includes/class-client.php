<?php
/**
 * Requests to the service.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * The only place that speaks HTTP to the service, and the only one that handles the key.
 */
class Client {

	const TIMEOUT   = 5; // seconds, in the background.
	const IMPATIENT = 3; // seconds, while somebody waits for a page.
	const MAX_BYTES = 4000000;

	/**
	 * Keep the settings.
	 *
	 * @param Settings $settings The settings.
	 */
	public function __construct( private Settings $settings ) {}

	/**
	 * Store an article and get its suggestions.
	 *
	 * @param string $article_id The id of the article.
	 * @param array  $article    The article.
	 */
	public function put_article( string $article_id, array $article ): Reply {
		return $this->request( 'PUT', '/v1/articles/' . rawurlencode( $article_id ), $article );
	}

	/**
	 * Send what an editor decided.
	 *
	 * @param string $article_id The id of the article.
	 * @param array  $decisions  The body of the request.
	 * @param string $key        What makes a second sending of the same harmless.
	 */
	public function post_decisions( string $article_id, array $decisions, string $key ): Reply {
		$path = '/v1/articles/' . rawurlencode( $article_id ) . '/decisions';
		return $this->request( 'POST', $path, $decisions, array( 'Idempotency-Key' => $key ) );
	}

	/**
	 * Tell which suggestions an editor saw.
	 *
	 * @param string $article_id The id of the article.
	 * @param array  $seen       What was seen: set, tags and editor.
	 */
	public function post_seen( string $article_id, array $seen ): Reply {
		$body = array(
			'suggestion_set_id' => $seen['set'],
			'tags'              => $seen['tags'],
			'editor'            => $seen['editor'],
		);
		return $this->request( 'POST', '/v1/articles/' . rawurlencode( $article_id ) . '/impressions', $body );
	}

	/**
	 * Delete an article and all that is known of it.
	 *
	 * @param string $article_id The id of the article.
	 */
	public function delete_article( string $article_id ): Reply {
		return $this->request( 'DELETE', '/v1/articles/' . rawurlencode( $article_id ) );
	}

	/**
	 * Get something while a person waits.
	 *
	 * @param string $path The path.
	 */
	public function get( string $path ): Reply {
		return $this->request( 'GET', $path, null, array(), self::IMPATIENT );
	}

	/**
	 * Make a request, unless this site is a copy. Redirects are not followed: the key is for the address that was set.
	 *
	 * @param string $method  The method.
	 * @param string $path    The path.
	 * @param ?array $body    What is sent as JSON.
	 * @param array  $headers More headers.
	 * @param int    $timeout In seconds.
	 */
	public function request( string $method, string $path, ?array $body = null, array $headers = array(), int $timeout = self::TIMEOUT ): Reply {
		if ( '' !== $this->settings->copied_from() ) {
			return new Reply( 0, null, __( 'This site was copied from another one. Nothing is sent.', 'article-tagger' ) );
		}
		$headers['Accept'] = 'application/json';
		if ( '' !== $this->settings->key() ) {
			$headers['Authorization'] = 'Bearer ' . $this->settings->key();
		}
		$request = array(
			'method'              => $method,
			'timeout'             => $timeout,
			'redirection'         => 0,
			'limit_response_size' => self::MAX_BYTES,
		);
		if ( null !== $body ) {
			$headers['Content-Type'] = 'application/json';
			$request['body']         = (string) wp_json_encode( $body, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES );
		}
		$response = wp_remote_request( $this->settings->address() . $path, array_merge( $request, array( 'headers' => $headers ) ) );
		return $this->reply( $response );
	}

	/**
	 * Return what a response says.
	 *
	 * @param array|\WP_Error $response The response.
	 */
	private function reply( array|\WP_Error $response ): Reply {
		if ( is_wp_error( $response ) ) {
			return new Reply( 0, null, $this->failure( $response ) );
		}
		$body  = json_decode( wp_remote_retrieve_body( $response ), true, 32 );
		$after = wp_remote_retrieve_header( $response, 'retry-after' );
		return new Reply(
			(int) wp_remote_retrieve_response_code( $response ),
			is_array( $body ) ? $body : null,
			'',
			is_string( $after ) && ctype_digit( $after ) ? (int) $after : 0
		);
	}

	/**
	 * Return why nothing answered.
	 *
	 * @param \WP_Error $error What WordPress says.
	 */
	private function failure( \WP_Error $error ): string {
		if ( 'http_request_not_executed' === $error->get_error_code() ) {
			return __( 'WordPress is set to block requests to this host. Add it to WP_ACCESSIBLE_HOSTS in wp-config.php.', 'article-tagger' );
		}
		return $error->get_error_message();
	}
}
