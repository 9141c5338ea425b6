<?php
/**
 * What the service is told of editors.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Sends what editors saw and decided, from the outbox.
 */
class Telling {

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Client   $client   The service.
	 * @param Outbox   $outbox   What waits.
	 * @param Answers  $answers  What came back.
	 * @param Undo     $undo     What can be taken back.
	 */
	public function __construct(
		private Settings $settings,
		private Client $client,
		private Outbox $outbox,
		private Answers $answers,
		private Undo $undo
	) {}

	/**
	 * Send decisions on a post, the oldest first. That the tags are complete counts with those of now, and what was decided on
	 * a text that was not saved is told of the suggestions for that text, once it is there.
	 *
	 * @param \WP_Post $post     The post.
	 * @param bool     $is_there Whether the service has the post as it is now: to send those that need it, and no others.
	 * @return ?Reply What stopped it, or null.
	 */
	public function decisions( \WP_Post $post, bool $is_there = false ): ?Reply {
		foreach ( $this->outbox->decisions( $post->ID ) as $row ) {
			$needs_it = ! empty( $row['complete'] ) || ! empty( $row['unsaved'] );
			if ( $is_there !== $needs_it || $this->outbox->is_held( $post->ID, $row ) ) {
				continue;
			}
			$reply = empty( $row['complete'] ) ? $this->send_decision( $post->ID, $row ) : $this->send_complete( $post->ID, $row );
			if ( ! $reply->ok() && ! $reply->is_refused() ) {
				return $reply;
			}
			if ( ! $reply->ok() ) {
				/* translators: 1: the id of a tag, 2: what the service says is wrong */
				$problem = sprintf( __( 'The article tagger does not take a decision on “%1$s”: %2$s', 'article-tagger' ), $row['decision']['tag'] ?? '', $reply->problem() );
				Meta::update( $post->ID, Outbox::PROBLEM, wp_slash( $problem ) );
			}
			// Out of the answer first: between both it would be shown again.
			$this->answers->drop( $post->ID, $row['decision']['tag'] ?? '' );
			$this->undo->sent( $post->ID, $row, $reply->ok() ? $reply->body : null, $this->outbox->sent( $post->ID, $row ) );
		}
		return null;
	}

	/**
	 * Tell which suggestions of a post editors saw. An older service counts them by itself, and knows no such call.
	 *
	 * @param int $post_id The post.
	 * @return ?Reply What stopped it, or null.
	 */
	public function sights( int $post_id ): ?Reply {
		foreach ( $this->outbox->seen( $post_id ) as $row ) {
			$reply = $this->client->post_seen( $this->settings->article_id( $post_id ), $row );
			if ( ! $reply->ok() && ! $reply->is_refused() && ! in_array( $reply->status, array( 404, 405 ), true ) ) {
				return $reply;
			}
			$this->outbox->told( $post_id, $row );
		}
		return null;
	}

	/**
	 * Send that the tags of a post are complete, with the decisions that it gives those that were set in the form.
	 *
	 * @param int   $post_id The post.
	 * @param array $row     The decision.
	 */
	private function send_complete( int $post_id, array $row ): Reply {
		$tags  = array_slice( $this->answers->stood_for( $post_id, $row['editor'], ! empty( $row['second'] ) ), 0, 500 );
		$body  = array(
			'decisions' => array_map( fn( string $tag ) => array( 'action' => 'add', 'tag' => $tag ), $tags ), // phpcs:ignore
			'complete'  => true,
			'editor'    => $row['editor'],
		);
		$id    = $this->settings->article_id( $post_id );
		$reply = $this->client->post_decisions( $id, $body, $row['key'] );
		if ( $reply->ok() ) {
			array_map( fn( string $tag ) => $this->answers->given( $post_id, $tag, $row['editor'] ), $tags );
		}
		return $reply->is_refused() && $tags ? $this->client->post_decisions( $id, array_merge( $body, array( 'decisions' => array() ) ), $row['key'] ) : $reply;
	}

	/**
	 * Send one decision; if the service has forgotten the set that it was made on, without it.
	 *
	 * @param int   $post_id The post.
	 * @param array $row     The decision.
	 */
	private function send_decision( int $post_id, array $row ): Reply {
		$body = array(
			'decisions' => array( $row['decision'] ),
			'complete'  => false,
			'editor'    => $row['editor'],
		);
		$set  = empty( $row['unsaved'] ) ? $row['set'] ?? '' : $this->answers->answer( $post_id )['set'] ?? '';
		$id   = $this->settings->article_id( $post_id );
		if ( ! empty( $row['unsaved'] ) && '' !== $set ) {
			$this->client->post_seen( $id, array_merge( $row, array( 'set' => $set, 'tags' => array( $row['decision']['tag'] ) ) ) ); // phpcs:ignore
		}
		if ( '' !== $set ) {
			$reply = $this->client->post_decisions( $id, array_merge( $body, array( 'suggestion_set_id' => $set ) ), $row['key'] );
			if ( ! $reply->is_refused() || ! $reply->names( '/suggestion_set_id' ) ) {
				return $reply;
			}
		}
		return $this->client->post_decisions( $id, $body, $row['key'] );
	}
}
