<?php
/**
 * What the plugin keeps of people.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Offers a text for the privacy policy, and exports and erases what is kept of a user: who decided what is not sent yet, and
 * who had a panel open. What the service has of them it keeps under its own rules.
 */
class Privacy {

	const NAME = 'article-tagger';
	const PAGE = 100; // posts.

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'admin_init', array( $this, 'offer_text' ) );
		add_filter( 'wp_privacy_personal_data_exporters', fn( array $all ) => array_merge( $all, array( self::NAME => $this->part( 'exporter', 'export' ) ) ) );
		add_filter( 'wp_privacy_personal_data_erasers', fn( array $all ) => array_merge( $all, array( self::NAME => $this->part( 'eraser', 'erase' ) ) ) );
	}

	/**
	 * Offer a text for the privacy policy.
	 */
	public function offer_text(): void {
		if ( function_exists( 'wp_add_privacy_policy_content' ) ) {
			$text = __( 'When a post is saved, its title, excerpt, text, terms, date and address are sent to our own article tagger, which suggests tags. With each decision on a tag goes the user name of the editor who made it. Readers and their comments are not sent. When a post is deleted for good, the article tagger deletes it too.', 'article-tagger' );
			wp_add_privacy_policy_content( __( 'Article Tagger', 'article-tagger' ), '<p>' . esc_html( $text ) . '</p>' );
		}
	}

	/**
	 * Return what is kept of a user.
	 *
	 * @param string $email The address of the user.
	 * @param int    $page  Which page.
	 */
	public function export( string $email, int $page = 1 ): array {
		$user  = get_user_by( 'email', $email );
		$posts = $user ? $this->posts( $user, $page ) : array();
		$items = array();
		foreach ( $posts as $post_id ) {
			$data = array();
			foreach ( $this->waiting( $post_id, $user ) as $row ) {
				$data[] = array(
					'name'  => __( 'Decision that is not sent yet', 'article-tagger' ),
					'value' => trim( ( $row['decision']['action'] ?? 'complete' ) . ' ' . ( $row['decision']['tag'] ?? '' ) ),
				);
			}
			if ( (int) get_post_meta( $post_id, Answers::SEEN, true ) === $user->ID ) {
				$data[] = array(
					'name'  => __( 'Had the suggestions open last', 'article-tagger' ),
					'value' => __( 'yes', 'article-tagger' ),
				);
			}
			foreach ( $this->noted( $post_id, $user ) as $row ) {
				$data[] = array(
					'name'  => Answers::GIVEN === $row[0] ? __( 'Gave the tag', 'article-tagger' ) : __( 'Said that the tags are complete', 'article-tagger' ),
					'value' => Answers::GIVEN === $row[0] ? $row[2] : __( 'yes', 'article-tagger' ),
				);
			}
			foreach ( $this->of_user( $post_id, $user ) as list( $key, $row ) ) {
				$data[] = Outbox::SEEN === $key ? array(
					'name'  => __( 'Suggestions in sight, of which the service is not told yet', 'article-tagger' ),
					'value' => implode( ', ', $row['tags'] ),
				) : array(
					'name'  => __( 'Decision that can be undone', 'article-tagger' ),
					'value' => trim( $row['action'] . ' ' . ( $row['tag']['id'] ?? '' ) ),
				);
			}
			$items[] = array(
				'group_id'    => self::NAME,
				'group_label' => __( 'Article Tagger', 'article-tagger' ),
				'item_id'     => "post-$post_id",
				'data'        => $data,
			);
		}
		return array(
			'data' => $items,
			'done' => count( $posts ) < self::PAGE,
		);
	}

	/**
	 * Erase what is kept of a user. Decisions stay, without a name.
	 *
	 * @param string $email The address of the user.
	 */
	public function erase( string $email ): array {
		$user  = get_user_by( 'email', $email );
		$posts = $user ? $this->posts( $user, 1 ) : array();
		foreach ( $posts as $post_id ) {
			Meta::delete( $post_id, Answers::SEEN, $user->ID );
			foreach ( $this->noted( $post_id, $user ) as $row ) {
				Meta::update( $post_id, $row[0], wp_slash( "wordpress/$row[2]" ), wp_slash( "$row[1]/$row[2]" ) );
			}
			foreach ( $this->of_user( $post_id, $user ) as list( $key, $row ) ) {
				Meta::delete( $post_id, $key, wp_slash( $row ) );
			}
			foreach ( $this->waiting( $post_id, $user ) as $row ) {
				Meta::update( $post_id, Outbox::DECISION, wp_slash( array_merge( $row, array( 'editor' => 'wordpress' ) ) ), wp_slash( $row ) );
			}
		}
		$hint = __( 'The article tagger logs decisions under user names. Ask whoever runs it.', 'article-tagger' );
		return array(
			'items_removed'  => count( $posts ) > 0,
			'items_retained' => false,
			'messages'       => $user ? array( $hint ) : array(),
			'done'           => count( $posts ) < self::PAGE,
		);
	}

	/**
	 * Return an exporter or eraser as WordPress wants it.
	 *
	 * @param string $what   Which of them.
	 * @param string $method What does it.
	 */
	private function part( string $what, string $method ): array {
		return array(
			"{$what}_friendly_name" => __( 'Article Tagger', 'article-tagger' ),
			'callback'              => array( $this, $method ),
		);
	}

	/**
	 * Return posts of which something is kept of a user.
	 *
	 * @param \WP_User $user The user.
	 * @param int      $page Which page.
	 * @return int[]
	 */
	private function posts( \WP_User $user, int $page ): array {
		global $wpdb;
		$name  = '%' . $wpdb->esc_like( serialize( Watcher::name_of( $user ) ) ) . '%'; // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions
		$id    = '%' . $wpdb->esc_like( serialize( 'user' ) . serialize( $user->ID ) ) . '%'; // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions
		$noted = $wpdb->esc_like( Watcher::name_of( $user ) . '/' ) . '%';
		$query = "SELECT DISTINCT post_id FROM {$wpdb->postmeta} WHERE ( meta_key = %s AND meta_value = %s ) OR ( meta_key IN ( %s, %s ) AND meta_value LIKE %s ) OR ( meta_key = %s AND meta_value LIKE %s ) OR ( meta_key IN ( %s, %s ) AND meta_value LIKE %s ) ORDER BY post_id LIMIT %d OFFSET %d";
		$for   = array( Answers::SEEN, (string) $user->ID, Outbox::DECISION, Outbox::SEEN, $name, Undo::DONE, $id, Answers::GIVEN, Answers::CLOSED, $noted, self::PAGE, ( $page - 1 ) * self::PAGE );
		return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( $query, $for ) ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Return what is noted of a user on a post: the field, the user and with what.
	 *
	 * @param int      $post_id The post.
	 * @param \WP_User $user    The user.
	 * @return array[]
	 */
	private function noted( int $post_id, \WP_User $user ): array {
		$found = array();
		foreach ( array( Answers::GIVEN, Answers::CLOSED ) as $field ) {
			foreach ( (array) get_post_meta( $post_id, $field ) as $value ) {
				$row = array( $field, ...explode( '/', $value, 2 ) );
				if ( Watcher::name_of( $user ) === $row[1] ) {
					$found[] = $row;
				}
			}
		}
		return $found;
	}

	/**
	 * Return what else is kept of a user on a post: suggestions that came into sight, and decisions that can be taken back.
	 *
	 * @param int      $post_id The post.
	 * @param \WP_User $user    The user.
	 * @return array[] Names of fields, each with a row.
	 */
	private function of_user( int $post_id, \WP_User $user ): array {
		$found = array();
		foreach ( array( Outbox::SEEN, Undo::DONE ) as $key ) {
			foreach ( array_filter( (array) get_post_meta( $post_id, $key ), 'is_array' ) as $row ) {
				if ( ( $row['editor'] ?? '' ) === Watcher::name_of( $user ) || ( $row['user'] ?? 0 ) === $user->ID ) {
					$found[] = array( $key, $row );
				}
			}
		}
		return $found;
	}

	/**
	 * Return the decisions of a user on a post that are not sent yet.
	 *
	 * @param int      $post_id The post.
	 * @param \WP_User $user    The user.
	 * @return array[]
	 */
	private function waiting( int $post_id, \WP_User $user ): array {
		$rows = array_filter( (array) get_post_meta( $post_id, Outbox::DECISION ), 'is_array' );
		return array_filter( $rows, fn( array $row ) => ( $row['editor'] ?? '' ) === Watcher::name_of( $user ) );
	}
}
