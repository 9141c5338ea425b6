<?php
/**
 * What the service is asked while somebody waits.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * The routes of the panel that ask the service at once: suggestions for a text that is not saved, more on one of them, and a
 * tag that is missing. The service keeps nothing of the text.
 */
class Asking {

	const PRECEDENTS = 3;

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Client   $client   The service.
	 * @param Tags     $tags     The tags of the service.
	 * @param Outbox   $outbox   What waits.
	 * @param Answers  $answers  What was suggested.
	 * @param Rest     $rest     The other routes.
	 */
	public function __construct(
		private Settings $settings,
		private Client $client,
		private Tags $tags,
		private Outbox $outbox,
		private Answers $answers,
		private Rest $rest
	) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'rest_api_init', array( $this, 'add_routes' ) );
	}

	/**
	 * Tell WordPress of the routes.
	 */
	public function add_routes(): void {
		$of_post = '/posts/(?P<id>[1-9][0-9]{0,18})';
		$text    = array(
			'title'   => self::text( 100000, true ),
			'content' => self::text( 5000000, true ),
			'excerpt' => self::text( 100000 ),
		);
		$live    = array( 'live' => array( 'type' => 'boolean' ) );
		$tag     = array( 'tag' => self::text( 200, true ) );
		$this->rest->add( $of_post . '/suggest', 'POST', array( $this, 'suggest' ), $text + $live );
		$this->rest->add( $of_post . '/why', 'POST', array( $this, 'why' ), $text + $tag );
		$proposed = array(
			'label' => self::text( 200, true ),
			'note'  => self::text( 2000 ),
		);
		$this->rest->add( $of_post . '/proposals', 'POST', array( $this, 'propose' ), $proposed );
	}

	/**
	 * Return what a text of a request is like.
	 *
	 * @param int  $longest     How many characters it has at most.
	 * @param bool $is_required Whether it has to be there.
	 */
	private static function text( int $longest, bool $is_required = false ): array {
		return array(
			'type'      => 'string',
			'required'  => $is_required,
			'maxLength' => $longest,
		);
	}

	/**
	 * Ask for suggestions for a text that is not saved. While it is being written nobody has asked, and nobody is told why
	 * there is no answer.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function suggest( \WP_REST_Request $request ): \WP_REST_Response|\WP_Error {
		$post = get_post( (int) $request['id'] );
		if ( ! $this->may_ask( $post ) ) {
			return Rest::not_sent();
		}
		$may_not = $request['live'] && ( ! $this->settings->get( 'drafts' ) || $this->outbox->is_paused() || '' !== $this->outbox->token( $post->ID ) );
		if ( $may_not || 'blind' === ( $this->answers->answer( $post->ID )['reason'] ?? '' ) ) {
			return $this->rest->shown( $post ); // What suggestions miss is found out on a blind one.
		}
		$reply = $this->ask( $post, $request );
		if ( ! $reply->ok() || ! is_array( $reply->body['suggestions'] ?? null ) ) {
			/* translators: %s: what went wrong */
			return self::away( sprintf( __( 'There are no suggestions at present: %s Saving is not affected.', 'article-tagger' ), $reply->problem() ) );
		}
		$this->answers->keep_suggestions( $post->ID, $reply->body );
		return $this->rest->shown( $post );
	}

	/**
	 * Return more on a suggestion: when its tag is used, and past posts that have it and are like this one.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function why( \WP_REST_Request $request ): \WP_REST_Response|\WP_Error {
		$post = get_post( (int) $request['id'] );
		if ( ! $this->may_ask( $post ) || ! $this->answers->find( $post->ID, $request['tag'] ) ) {
			return Rest::not_sent();
		}
		$reply = $this->ask( $post, $request, array( $request['tag'] ) );
		if ( ! $reply->ok() ) {
			return self::away( self::no_answer( $reply ) );
		}
		$precedents = $reply->body['why'][0]['precedents'] ?? array();
		$found      = array(
			'note'       => $this->tags->find( $request['tag'] )['note'] ?? '',
			'precedents' => $this->precedents( is_array( $precedents ) ? $precedents : array(), $post->ID ),
		);
		return new \WP_REST_Response( $found, 200, array( 'Cache-Control' => 'no-store' ) );
	}

	/**
	 * Propose a tag that is missing to whoever keeps the tags.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function propose( \WP_REST_Request $request ): \WP_REST_Response|\WP_Error {
		$post  = get_post( (int) $request['id'] );
		$label = trim( Text::sendable( $request['label'] ) );
		if ( '' === $label || ! $this->settings->may_send() ) {
			return Rest::not_sent();
		}
		$proposal = array(
			'label'  => $label,
			'note'   => Text::sendable( (string) $request['note'] ),
			'editor' => Watcher::editor(),
		);
		$of_post  = $this->settings->covers( $post ) ? array( 'article_id' => $this->settings->article_id( $post->ID ) ) : array();
		$reply    = $this->client->request( 'POST', '/review/proposals', $proposal + $of_post, array(), Client::IMPATIENT );
		if ( $of_post && $reply->is_not_found() ) { // It was not sent yet.
			$reply = $this->client->request( 'POST', '/review/proposals', $proposal, array(), Client::IMPATIENT );
		}
		return $reply->ok() ? new \WP_REST_Response( array( 'label' => $label ), 201 ) : self::away( self::no_answer( $reply ) );
	}

	// --- their parts ---

	/**
	 * Whether the service may be sent the text of a post.
	 *
	 * @param \WP_Post $post The post.
	 */
	private function may_ask( \WP_Post $post ): bool {
		return '' === $post->post_password && $this->settings->covers_type( $post ) && $this->settings->may_send();
	}

	/**
	 * Ask what the service says of a text of a post.
	 *
	 * @param \WP_Post         $post    The post.
	 * @param \WP_REST_Request $request The request with the text.
	 * @param string[]         $why     Tags to explain.
	 */
	private function ask( \WP_Post $post, \WP_REST_Request $request, array $why = array() ): Reply {
		$article  = array(
			'title'       => html_entity_decode( wp_strip_all_tags( Text::sendable( $request['title'] ) ), ENT_QUOTES | ENT_HTML5, 'UTF-8' ),
			'standfirst'  => Text::sendable( (string) $request['excerpt'] ),
			'body'        => Text::body( $request['content'] ),
			'body_format' => 'html',
			'tags'        => $this->answers->tags_to_list( $post->ID ),
			'why'         => $why,
			'article_id'  => $this->settings->article_id( $post->ID ),
		);
		$language = Text::language( $post );
		if ( '' !== $language ) {
			$article['language'] = $language;
		}
		$reply = $this->client->request( 'POST', '/v1/suggest', $article, array(), Client::IMPATIENT );
		foreach ( array( 'language', 'article_id' ) as $field ) { // An older service does not know them.
			if ( $reply->is_refused() && $reply->names( "/$field" ) ) {
				unset( $article[ $field ] );
				$reply = $this->client->request( 'POST', '/v1/suggest', $article, array(), Client::IMPATIENT );
			}
		}
		return $reply;
	}

	/**
	 * Return what is shown of articles that have a tag: those of them that are posts the user may read.
	 *
	 * @param array $precedents The articles of the service.
	 * @param int   $post_id    The post that is like them.
	 */
	private function precedents( array $precedents, int $post_id ): array {
		$prefix = (string) $this->settings->get( 'prefix' );
		$shown  = array();
		foreach ( array_filter( $precedents, 'is_array' ) as $one ) {
			$id   = is_string( $one['article_id'] ?? null ) ? $one['article_id'] : '';
			$post = str_starts_with( $id, $prefix ) && ctype_digit( substr( $id, strlen( $prefix ) ) ) ? get_post( (int) substr( $id, strlen( $prefix ) ) ) : null;
			if ( $post && $post->ID !== $post_id && $this->settings->covers_type( $post ) && current_user_can( 'read_post', $post->ID ) ) {
				$shown[] = array(
					'title'   => html_entity_decode( wp_strip_all_tags( get_the_title( $post ) ), ENT_QUOTES | ENT_HTML5, 'UTF-8' ),
					'url'     => 'publish' === $post->post_status ? (string) get_permalink( $post ) : (string) get_edit_post_link( $post, 'raw' ),
					'percent' => is_numeric( $one['similarity'] ?? null ) ? (int) round( 100 * max( 0, min( 1, (float) $one['similarity'] ) ) ) : 0,
				);
			}
		}
		return array_slice( $shown, 0, self::PRECEDENTS );
	}

	/**
	 * Return what is said where the service has no answer.
	 *
	 * @param Reply $reply What came instead.
	 */
	private static function no_answer( Reply $reply ): string {
		/* translators: %s: what went wrong */
		return sprintf( __( 'The article tagger has no answer at present: %s', 'article-tagger' ), $reply->problem() );
	}

	/**
	 * Return that the service has no answer.
	 *
	 * @param string $text What is said.
	 */
	private static function away( string $text ): \WP_Error {
		return new \WP_Error( 'article_tagger_away', $text, array( 'status' => 503 ) );
	}
}
