<?php
/**
 * What the panel asks for.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * The routes of the panel: what is suggested for a post, what an editor decides, and which tags there are.
 */
class Rest {

	const SPACE   = 'article-tagger/v1';
	const ACTIONS = array( 'accept', 'reject', 'add' );
	const REASONS = array( 'wrong', 'passing_mention', 'too_general', 'too_specific', 'wrong_sense' );

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Client   $client   The service.
	 * @param Tags     $tags     The tags of the service.
	 * @param Terms    $terms    The terms.
	 * @param Outbox   $outbox   What waits.
	 * @param Answers  $answers  What was suggested.
	 */
	public function __construct(
		private Settings $settings,
		private Client $client,
		private Tags $tags,
		private Terms $terms,
		private Outbox $outbox,
		private Answers $answers
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
		$may_edit = array( $this, 'may_edit' );
		$of_post  = '/posts/(?P<id>[1-9][0-9]{0,18})';
		$open     = array( 'open' => array( 'type' => 'boolean' ) );
		$this->add( $of_post, 'GET', array( $this, 'get' ), $may_edit, $open );
		$this->add( $of_post . '/suggest', 'POST', array( $this, 'suggest' ), $may_edit, $this->arguments_of_suggest() );
		$this->add( $of_post . '/complete', 'POST', array( $this, 'complete' ), $may_edit );
		$this->add( $of_post . '/decisions', 'POST', array( $this, 'decide' ), $may_edit, $this->arguments_of_decide() );
		$words = array(
			'words' => array(
				'type'      => 'string',
				'required'  => true,
				'maxLength' => 200,
			),
		);
		$this->add( '/tags', 'GET', array( $this, 'search' ), fn() => current_user_can( 'edit_posts' ), $words );
	}

	/**
	 * Whether the user may edit the post that is asked for.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function may_edit( \WP_REST_Request $request ): bool {
		return get_post( (int) $request['id'] ) && current_user_can( 'edit_post', (int) $request['id'] );
	}

	/**
	 * Return what is suggested for a post.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function get( \WP_REST_Request $request ): \WP_REST_Response {
		if ( '' !== $this->outbox->token( (int) $request['id'] ) ) {
			$this->outbox->schedule(); // An event gets lost where two processes change the schedule of WordPress at once.
		}
		if ( $request['open'] ) {
			$this->answers->seen( (int) $request['id'] );
		}
		return $this->shown( get_post( (int) $request['id'] ) );
	}

	/**
	 * Ask for suggestions for a text that is not saved yet. The service keeps nothing of it; somebody waits for it.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function suggest( \WP_REST_Request $request ): \WP_REST_Response|\WP_Error {
		$post = get_post( (int) $request['id'] );
		if ( '' !== $post->post_password || ! $this->settings->covers_type( $post ) || ! $this->settings->may_send() ) {
			return self::not_sent();
		}
		if ( 'blind' === ( $this->answers->answer( $post->ID )['reason'] ?? '' ) ) {
			return $this->shown( $post ); // What suggestions miss is found out on this one.
		}
		$article = array(
			'title'       => html_entity_decode( wp_strip_all_tags( Text::sendable( $request['title'] ) ), ENT_QUOTES | ENT_HTML5, 'UTF-8' ),
			'standfirst'  => Text::sendable( (string) $request['excerpt'] ),
			'body'        => Text::body( $request['content'] ),
			'body_format' => 'html',
			'tags'        => $this->answers->tags_to_list( $post->ID ),
		);
		$reply   = $this->client->request( 'POST', '/v1/suggest', $article, array(), Client::IMPATIENT );
		if ( ! $reply->ok() || ! is_array( $reply->body['suggestions'] ?? null ) ) {
			/* translators: %s: what went wrong */
			$text = sprintf( __( 'There are no suggestions at present: %s Saving is not affected.', 'article-tagger' ), $reply->problem() );
			return new \WP_Error( 'article_tagger_away', $text, array( 'status' => 503 ) );
		}
		$this->answers->keep_suggestions( $post->ID, $reply->body );
		return $this->shown( $post, array( 'can_decide' => $this->settings->covers( $post ) ) );
	}

	/**
	 * Return what a text is made of.
	 */
	private function arguments_of_suggest(): array {
		$text = array(
			'type'     => 'string',
			'required' => true,
		);
		return array(
			'title'   => $text,
			'content' => $text,
			'excerpt' => array( 'type' => 'string' ),
		);
	}

	/**
	 * Have the service told that the tags of a post are complete.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function complete( \WP_REST_Request $request ): \WP_REST_Response|\WP_Error {
		$post = get_post( (int) $request['id'] );
		if ( ! $this->settings->covers( $post ) ) {
			return self::not_sent();
		}
		$this->answers->complete( $post->ID );
		return $this->shown( $post );
	}

	/**
	 * Return why nothing can be decided on a post.
	 */
	private static function not_sent(): \WP_Error {
		return new \WP_Error( 'article_tagger_post', __( 'This post is not sent to the article tagger.', 'article-tagger' ), array( 'status' => 409 ) );
	}

	/**
	 * Return the tags that have some words in their names.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function search( \WP_REST_Request $request ): \WP_REST_Response {
		$found = array_map( fn( array $tag ) => array_intersect_key( $tag, array_flip( array( 'id', 'label', 'kind' ) ) ), $this->tags->search( $request['words'] ) );
		return new \WP_REST_Response( array( 'tags' => $found ) );
	}

	/**
	 * Do what an editor decided, and have the service told of it.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function decide( \WP_REST_Request $request ): \WP_REST_Response|\WP_Error {
		$post = get_post( (int) $request['id'] );
		if ( ! $this->settings->covers( $post ) ) {
			return self::not_sent();
		}
		$suggested = $this->answers->find( $post->ID, $request['tag'] );
		$tag       = $suggested ?? $this->tags->find( $request['tag'] );
		if ( null === $tag ) {
			return new \WP_Error( 'article_tagger_tag', __( 'There is no such suggestion any more. The list was brought up to date.', 'article-tagger' ), array( 'status' => 404 ) );
		}
		if ( 'reject' === $request['action'] && in_array( $tag['id'], $this->answers->settled( $post->ID ), true ) ) {
			return new \WP_Error( 'article_tagger_settled', __( 'Somebody has given the post this tag meanwhile. Take it off among the tags if it is wrong.', 'article-tagger' ), array( 'status' => 409 ) );
		}
		return 'reject' === $request['action'] ? $this->reject( $post, $tag, $request ) : $this->give( $post, $tag, null !== $suggested, $request );
	}

	/**
	 * Give a post a tag that an editor accepts or adds.
	 *
	 * @param \WP_Post         $post      The post.
	 * @param array            $tag       The tag.
	 * @param bool             $suggested Whether it was suggested.
	 * @param \WP_REST_Request $request   The request.
	 */
	private function give( \WP_Post $post, array $tag, bool $suggested, \WP_REST_Request $request ): \WP_REST_Response|\WP_Error {
		$term = $this->terms->give( $post, $tag );
		if ( is_wp_error( $term ) ) {
			return $term;
		}
		delete_post_meta( $post->ID, Answers::AUTO, wp_slash( $tag['id'] ) ); // Somebody stands for it now.
		$this->note( $post, array( 'action' => $suggested ? 'accept' : 'add' ), $tag, $request );
		$this->answers->given( $post->ID, $tag['id'], Watcher::editor() );
		$filler = $this->terms->without_filler( $post, $term );
		$more   = array( 'term' => $this->answers->term_for_form( $term ) );
		return $this->shown( $post, $filler ? array_merge( $more, array( 'removed' => $this->answers->term_for_form( $filler ) ) ) : $more );
	}

	/**
	 * Reject a tag; one that was added by itself is taken off, one that a person has set stays.
	 *
	 * @param \WP_Post         $post    The post.
	 * @param array            $tag     The tag.
	 * @param \WP_REST_Request $request The request.
	 */
	private function reject( \WP_Post $post, array $tag, \WP_REST_Request $request ): \WP_REST_Response {
		$more = array();
		$term = in_array( $tag['id'], $this->answers->auto( $post->ID ), true ) ? $this->terms->find( $tag, $post->ID ) : null;
		delete_post_meta( $post->ID, Answers::AUTO, wp_slash( $tag['id'] ) ); // Before the term: its removal is no decision of its own.
		if ( $term ) {
			wp_remove_object_terms( $post->ID, $term->term_id, $term->taxonomy );
			$more['removed'] = $this->answers->term_for_form( $term );
		}
		$reason = (string) ( $request['reason'] ?? '' );
		$this->note( $post, array_filter( array( 'action' => 'reject', 'reason' => $reason ) ), $tag, $request ); // phpcs:ignore
		return $this->shown( $post, $more );
	}

	/**
	 * Keep a decision until the service has it.
	 *
	 * @param \WP_Post         $post     The post.
	 * @param array            $decision What was decided.
	 * @param array            $tag      The tag.
	 * @param \WP_REST_Request $request  The request.
	 */
	private function note( \WP_Post $post, array $decision, array $tag, \WP_REST_Request $request ): void {
		$more = array(
			'editor' => Watcher::editor(),
			'set'    => (string) ( $request['set'] ?? '' ),
		);
		$this->outbox->decide( $post->ID, array_merge( $decision, array( 'tag' => $tag['id'] ) ), $more );
	}

	/**
	 * Return what is suggested for a post as a response that nobody keeps.
	 *
	 * @param \WP_Post $post The post.
	 * @param array    $more What is said besides.
	 */
	private function shown( \WP_Post $post, array $more = array() ): \WP_REST_Response {
		return new \WP_REST_Response( array_merge( $this->answers->shown( $post ), $more ), 200, array( 'Cache-Control' => 'no-store' ) );
	}

	/**
	 * Add a route.
	 *
	 * @param string   $path      The path.
	 * @param string   $method    The method.
	 * @param callable $answer    What answers.
	 * @param callable $allow     What tells who may ask.
	 * @param array    $arguments The arguments.
	 */
	private function add( string $path, string $method, callable $answer, callable $allow, array $arguments = array() ): void {
		register_rest_route(
			self::SPACE,
			$path,
			array(
				'methods'             => $method,
				'callback'            => $answer,
				'permission_callback' => $allow,
				'args'                => $arguments,
			)
		);
	}

	/**
	 * Return what a decision is made of.
	 */
	private function arguments_of_decide(): array {
		return array(
			'action' => array(
				'type'     => 'string',
				'enum'     => self::ACTIONS,
				'required' => true,
			),
			'tag'    => array(
				'type'      => 'string',
				'required'  => true,
				'minLength' => 1,
				'maxLength' => 200,
			),
			'reason' => array(
				'type' => 'string',
				'enum' => self::REASONS,
			),
			'set'    => array(
				'type'      => 'string',
				'maxLength' => 64,
			),
		);
	}
}
