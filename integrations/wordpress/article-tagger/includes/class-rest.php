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
	 * @param Tags     $tags     The tags of the service.
	 * @param Terms    $terms    The terms.
	 * @param Outbox   $outbox   What waits.
	 * @param Answers  $answers  What was suggested.
	 * @param Undo     $undo     What can be taken back.
	 * @param Sender   $sender   The sending.
	 */
	public function __construct(
		private Settings $settings,
		private Tags $tags,
		private Terms $terms,
		private Outbox $outbox,
		private Answers $answers,
		private Undo $undo,
		private Sender $sender
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
		$open    = array( 'open' => array( 'type' => 'boolean' ) );
		$this->add( $of_post, 'GET', array( $this, 'get' ), $open );
		$this->add( $of_post . '/shown', 'POST', array( $this, 'note_shown' ), $this->arguments_of_shown() );
		$this->add( $of_post . '/complete', 'POST', array( $this, 'complete' ) );
		$this->add( $of_post . '/undo', 'POST', array( $this, 'undo' ) );
		$this->add( $of_post . '/decisions', 'POST', array( $this, 'decide' ), $this->arguments_of_decide() );
		$words = array(
			'words' => array(
				'type'      => 'string',
				'required'  => true,
				'maxLength' => 200,
			),
		);
		$this->add( '/tags', 'GET', array( $this, 'search' ), $words, fn() => current_user_can( 'edit_posts' ) );
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
			$this->sender->make_up_for( (int) $request['id'] );
		}
		if ( $request['open'] ) {
			$this->answers->seen( (int) $request['id'] );
		}
		return $this->shown( get_post( (int) $request['id'] ) );
	}

	/**
	 * Note which suggestions came into the user's sight.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function note_shown( \WP_REST_Request $request ): \WP_REST_Response {
		$post   = get_post( (int) $request['id'] );
		$answer = $this->answers->answer( $post->ID );
		$this->answers->seen( $post->ID );
		if ( $this->settings->covers( $post ) && '' !== $request['set'] && ( $answer['set'] ?? '' ) === $request['set'] ) {
			$this->outbox->saw( $post->ID, $request['set'], array_values( array_unique( $request['tags'] ) ), Watcher::editor() );
		}
		return new \WP_REST_Response( null, 204 );
	}

	/**
	 * Return what is told of suggestions that came into sight.
	 */
	private function arguments_of_shown(): array {
		return array(
			'set'  => array(
				'type'      => 'string',
				'required'  => true,
				'maxLength' => 64,
			),
			'tags' => array(
				'type'     => 'array',
				'required' => true,
				'maxItems' => 100,
				'items'    => array(
					'type'      => 'string',
					'minLength' => 1,
					'maxLength' => 200,
				),
			),
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
		$this->undo->note( $post->ID, $this->answers->complete( $post->ID ), 'complete', null );
		return $this->shown( $post );
	}

	/**
	 * Take back the last decision of the user on a post.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function undo( \WP_REST_Request $request ): \WP_REST_Response|\WP_Error {
		$post = get_post( (int) $request['id'] );
		$more = $this->undo->undo( $post );
		if ( null === $more ) {
			return new \WP_Error( 'article_tagger_undo', __( 'There is nothing to undo.', 'article-tagger' ), array( 'status' => 409 ) );
		}
		return $this->shown( $post, $more );
	}

	/**
	 * Return why nothing can be decided on a post.
	 */
	public static function not_sent(): \WP_Error {
		return new \WP_Error( 'article_tagger_post', __( 'This post is not sent to the article tagger.', 'article-tagger' ), array( 'status' => 409 ) );
	}

	/**
	 * Return the tags that have some words in their names.
	 *
	 * @param \WP_REST_Request $request The request.
	 */
	public function search( \WP_REST_Request $request ): \WP_REST_Response {
		$found = array_map( fn( array $tag ) => array_intersect_key( $tag, array_flip( array( 'id', 'label', 'kind', 'note' ) ) ), $this->tags->search( $request['words'] ) );
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
		$there = $this->terms->find( $tag, $post->ID );
		$had   = $there && true === is_object_in_term( $post->ID, $there->taxonomy, $there->term_id );
		$term  = $this->terms->give( $post, $tag );
		if ( is_wp_error( $term ) ) {
			return $term;
		}
		$auto = Meta::delete( $post->ID, Answers::AUTO, wp_slash( $tag['id'] ) ); // Somebody stands for it now.
		$this->answers->given( $post->ID, $tag['id'], Watcher::editor() );
		$filler = $this->terms->without_filler( $post, $term );
		$change = array(
			'auto' => $auto,
			'gave' => $had ? 0 : $term->term_id,
			'took' => $filler ? $filler->term_id : 0,
		);
		$this->note( $post, array( 'action' => $suggested ? 'accept' : 'add' ), $tag, $request, $change );
		$more = array( 'term' => $this->answers->term_for_form( $term ) );
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
		$auto = Meta::delete( $post->ID, Answers::AUTO, wp_slash( $tag['id'] ) ); // Before the term: its removal is no decision of its own.
		if ( $term ) {
			wp_remove_object_terms( $post->ID, $term->term_id, $term->taxonomy );
			$more['removed'] = $this->answers->term_for_form( $term );
		}
		$reason = (string) ( $request['reason'] ?? '' );
		$change = array(
			'auto' => $auto,
			'took' => $term ? $term->term_id : 0,
		);
		$this->note( $post, array_filter( array( 'action' => 'reject', 'reason' => $reason ) ), $tag, $request, $change ); // phpcs:ignore
		return $this->shown( $post, $more );
	}

	/**
	 * Keep a decision until the service has it.
	 *
	 * @param \WP_Post         $post     The post.
	 * @param array            $decision What was decided.
	 * @param array            $tag      The tag.
	 * @param \WP_REST_Request $request  The request.
	 * @param array            $change   What changed of the post with it.
	 */
	private function note( \WP_Post $post, array $decision, array $tag, \WP_REST_Request $request, array $change ): void {
		$more = array(
			'editor' => Watcher::editor(),
			'set'    => (string) ( $request['set'] ?? '' ),
		);

		$is_archive = isset( Additions::of( $post->ID )[ $tag['id'] ] ); // The service suggested it for the text that it has.
		if ( '' === $more['set'] && '' === ( $this->answers->answer( $post->ID )['set'] ?? '' ) && 'add' !== $decision['action'] && ! $is_archive ) {
			$more['unsaved'] = Outbox::hold( $post );
		} elseif ( 'add' !== $decision['action'] ) {
			$this->outbox->saw( $post->ID, $more['set'], array( $tag['id'] ), $more['editor'] ); // Wherever it was shown.
		}
		$key = $this->outbox->decide( $post->ID, array_merge( $decision, array( 'tag' => $tag['id'] ) ), $more );
		$this->undo->note( $post->ID, $key, $decision['action'], $tag, array_merge( $change, array( 'set' => $more['set'] ) ) );
	}

	/**
	 * Return what is suggested for a post as a response that nobody keeps.
	 *
	 * @param \WP_Post $post The post.
	 * @param array    $more What is said besides.
	 */
	public function shown( \WP_Post $post, array $more = array() ): \WP_REST_Response {
		$undo = array( 'undo' => Undo::shown( $this->undo->last( $post->ID ) ) );
		return new \WP_REST_Response( array_merge( $this->answers->shown( $post ), $undo, $more ), 200, array( 'Cache-Control' => 'no-store' ) );
	}

	/**
	 * Add a route.
	 *
	 * @param string    $path      The path.
	 * @param string    $method    The method.
	 * @param callable  $answer    What answers.
	 * @param array     $arguments The arguments.
	 * @param ?callable $allow     What tells who may ask; without it whoever may edit the post.
	 */
	public function add( string $path, string $method, callable $answer, array $arguments = array(), ?callable $allow = null ): void {
		register_rest_route(
			self::SPACE,
			$path,
			array(
				'methods'             => $method,
				'callback'            => $answer,
				'permission_callback' => $allow ?? array( $this, 'may_edit' ),
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
