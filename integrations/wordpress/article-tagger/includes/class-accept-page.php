<?php
/**
 * The screen on which the suggestions of several posts are accepted.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Shows the suggestions of posts with their scores. An editor ticks them, by a score or one by one, and only what is shown and
 * ticked is accepted, as if it was accepted in the panel of each post.
 */
class Accept_Page {

	const PAGE   = 'article-tagger-accept';
	const SAVE   = 'article_tagger_accept';
	const NOTICE = 'article_tagger_accepted_';
	const NONE   = 'none'; // No posts are left of those that were asked for.
	const POSTS  = 50;
	const TAGS   = 400; // of one screen: PHP takes a thousand fields.
	const FROM   = 90;  // percent from which on suggestions are ticked.

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Answers  $answers  What was suggested.
	 */
	public function __construct( private Settings $settings, private Answers $answers ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'admin_menu', array( $this, 'add_page' ) );
		add_action( 'admin_post_' . self::SAVE, array( $this, 'save' ) );
	}

	/**
	 * Add the page to the menu of the posts.
	 */
	public function add_page(): void {
		$title = __( 'Suggested tags', 'article-tagger' );
		$hook  = add_submenu_page( self::menu( $this->settings ), $title, $title, 'edit_posts', self::PAGE, array( $this, 'show' ) );
		if ( $hook ) {
			add_action( "admin_print_scripts-$hook", array( $this, 'add_script' ) );
		}
	}

	/**
	 * Add script and style of the page.
	 */
	public function add_script(): void {
		wp_enqueue_script( 'article-tagger-accept', plugins_url( 'assets/accept.js', FILE ), array( 'wp-i18n' ), VERSION, true );
		wp_set_script_translations( 'article-tagger-accept', 'article-tagger', plugin_dir_path( FILE ) . 'languages' );
		wp_enqueue_style( 'article-tagger-lists', plugins_url( 'assets/lists.css', FILE ), array(), VERSION );
	}

	/**
	 * Return the address of the page.
	 *
	 * @param Settings $settings The settings.
	 * @param array    $query    What it shows.
	 */
	public static function url( Settings $settings, array $query = array() ): string {
		return add_query_arg( array_merge( array( 'page' => self::PAGE ), $query ), admin_url( self::menu( $settings ) ) );
	}

	/**
	 * Return the menu of the posts that are sent.
	 *
	 * @param Settings $settings The settings.
	 */
	private static function menu( Settings $settings ): string {
		$types = (array) $settings->get( 'post_types' );
		return ! $types || in_array( 'post', $types, true ) ? 'edit.php' : 'edit.php?post_type=' . reset( $types );
	}

	// --- what was ticked ---

	/**
	 * Accept what was ticked, and show what is left of what was asked for.
	 */
	public function save(): void {
		check_admin_referer( self::SAVE );
		$ticked = is_array( $_POST['accept'] ?? null ) ? wp_unslash( $_POST['accept'] ) : array(); // phpcs:ignore WordPress.Security
		$sets   = is_array( $_POST['set'] ?? null ) ? wp_unslash( $_POST['set'] ) : array(); // phpcs:ignore WordPress.Security
		$done   = array( 'tags' => 0, 'posts' => 0, 'changed' => 0, 'refused' => array() ); // phpcs:ignore
		foreach ( $ticked as $post_id => $tags ) {
			$tags = array_filter( (array) $tags, 'is_string' );
			$this->accept( (int) $post_id, $tags, (string) ( $sets[ $post_id ] ?? '' ), $done );
		}
		set_transient( self::NOTICE . get_current_user_id(), $done, MINUTE_IN_SECONDS );
		$rest  = self::numbers( $_POST['rest'] ?? '' ); // phpcs:ignore WordPress.Security
		$query = $rest ? array( 'posts' => implode( ',', $rest ) ) : array( 'posts' => self::NONE );
		wp_safe_redirect( self::url( $this->settings, array_merge( $query, array( 'from' => self::from( $_POST['from'] ?? null ) ) ) ) ); // phpcs:ignore WordPress.Security
		exit;
	}

	/**
	 * Accept tags of a post, by the route of the panel: it checks what the user may do.
	 *
	 * @param int      $post_id The post.
	 * @param string[] $tags    The ids of the tags.
	 * @param string   $set     The suggestion set that was shown.
	 * @param array    $done    What was done.
	 */
	private function accept( int $post_id, array $tags, string $set, array &$done ): void {
		if ( ! current_user_can( 'edit_post', $post_id ) ) {
			$done['refused'][] = __( 'You may not edit one of these posts.', 'article-tagger' );
			return;
		}
		if ( ( $this->answers->answer( $post_id )['set'] ?? '' ) !== $set ) {
			++$done['changed']; // Other scores were shown than there are now.
			return;
		}
		$open   = array_column( $this->answers->open( $post_id ), 'id' );
		$before = $done['tags'];
		foreach ( array_intersect( $tags, $open ) as $tag ) {
			$request = new \WP_REST_Request( 'POST', '/' . Rest::SPACE . "/posts/$post_id/decisions" );
			$request->set_body_params( array_filter( array( 'action' => 'accept', 'tag' => $tag, 'set' => $set ) ) ); // phpcs:ignore
			$response = rest_do_request( $request );
			if ( $response->is_error() ) {
				$done['refused'][] = $response->as_error()->get_error_message();
			} else {
				++$done['tags'];
			}
		}
		$done['posts'] += $done['tags'] > $before ? 1 : 0;
	}

	// --- the page ---

	/**
	 * Show the page.
	 */
	public function show(): void {
		$asked = $_GET['posts'] ?? ''; // phpcs:ignore WordPress.Security
		$ids   = is_string( $asked ) && '' !== $asked ? self::numbers( $asked ) : $this->newest();
		$from  = self::from( $_GET['from'] ?? null ); // phpcs:ignore WordPress.Security

		list( $shown, $rest ) = $this->to_show( $ids );
		echo '<div class="wrap article-tagger-accept"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
		$this->show_notice();
		if ( ! $shown ) {
			if ( self::NONE !== $asked ) {
				echo '<p>' . esc_html__( 'None of these posts has suggestions that nobody has answered.', 'article-tagger' ) . '</p>';
			}
			$this->show_ways( '' === $asked );
			echo '</div>';
			return;
		}
		echo '<p>' . esc_html__( 'Accepting a tag here is the same as accepting it in the post: it is set, and the article tagger learns that you did so. What is not ticked stays as it is.', 'article-tagger' ) . '</p>';
		$this->show_threshold( $ids, $from );
		printf( '<form method="post" action="%s" id="article-tagger-accept">', esc_url( admin_url( 'admin-post.php' ) ) );
		printf( '<input type="hidden" name="action" value="%s"><input type="hidden" name="rest" value="%s"><input type="hidden" name="from" value="%d">', esc_attr( self::SAVE ), esc_attr( implode( ',', $rest ) ), (int) $from );
		wp_nonce_field( self::SAVE );
		printf( '<table class="wp-list-table widefat striped"><thead><tr><th scope="col">%s</th><th scope="col">%s</th></tr></thead><tbody>', esc_html__( 'Post', 'article-tagger' ), esc_html__( 'Suggested tags', 'article-tagger' ) );
		foreach ( $shown as $post_id => $open ) {
			$this->show_post( get_post( $post_id ), $open, $from );
		}
		echo '</tbody></table>';
		printf( '<p class="submit"><button class="button button-primary">%s</button></p></form>', esc_html__( 'Accept the ticked tags', 'article-tagger' ) );
		if ( $rest ) {
			/* translators: %s: a number of posts */
			printf( '<p>%s</p>', esc_html( sprintf( _n( '%s more post comes after these.', '%s more posts come after these.', count( $rest ), 'article-tagger' ), number_format_i18n( count( $rest ) ) ) ) );
		}
		echo '</div>';
	}

	/**
	 * Show where to go on.
	 *
	 * @param bool $are_newest Whether the newest posts were looked at.
	 */
	private function show_ways( bool $are_newest ): void {
		$ways = array( admin_url( self::menu( $this->settings ) ) => __( 'Back to the posts', 'article-tagger' ) );
		if ( ! $are_newest ) {
			$ways[ self::url( $this->settings ) ] = __( 'Show the newest posts with suggestions', 'article-tagger' );
		}
		echo '<p>';
		foreach ( $ways as $url => $text ) {
			printf( '<a class="button" href="%s">%s</a> ', esc_url( $url ), esc_html( $text ) );
		}
		echo '</p>';
	}

	/**
	 * Show what was accepted.
	 */
	private function show_notice(): void {
		$done = get_transient( self::NOTICE . get_current_user_id() );
		if ( ! is_array( $done ) ) {
			return;
		}
		delete_transient( self::NOTICE . get_current_user_id() );
		/* translators: 1: a number of tags, 2: a number of posts */
		$text = sprintf( __( 'Accepted tags: %1$s, on posts: %2$s.', 'article-tagger' ), number_format_i18n( $done['tags'] ), number_format_i18n( $done['posts'] ) );
		printf( '<div class="notice notice-success" role="status"><p>%s</p></div>', esc_html( $text ) );
		if ( $done['changed'] ) {
			/* translators: %s: a number of posts */
			$text = sprintf( _n( '%s post has other suggestions by now: nothing of it was accepted.', '%s posts have other suggestions by now: nothing of them was accepted.', $done['changed'], 'article-tagger' ), number_format_i18n( $done['changed'] ) );
			printf( '<div class="notice notice-warning"><p>%s</p></div>', esc_html( $text ) );
		}
		if ( $done['refused'] ) {
			/* translators: 1: a number of tags, 2: why the first could not be accepted */
			$text = sprintf( __( 'Not accepted: %1$s. %2$s', 'article-tagger' ), number_format_i18n( count( $done['refused'] ) ), $done['refused'][0] );
			printf( '<div class="notice notice-error"><p>%s</p></div>', esc_html( $text ) );
		}
	}

	/**
	 * Show the score from which on suggestions are ticked.
	 *
	 * @param int[] $ids  The posts.
	 * @param int   $from The score in percent.
	 */
	private function show_threshold( array $ids, int $from ): void {
		printf( '<form method="get" action="%s" class="article-tagger-threshold">', esc_url( admin_url( 'edit.php' ) ) );
		$type = (string) wp_parse_url( self::menu( $this->settings ), PHP_URL_QUERY );
		if ( '' !== $type ) {
			printf( '<input type="hidden" name="post_type" value="%s">', esc_attr( substr( $type, strlen( 'post_type=' ) ) ) );
		}
		printf( '<input type="hidden" name="page" value="%s"><input type="hidden" name="posts" value="%s">', esc_attr( self::PAGE ), esc_attr( implode( ',', $ids ) ) );
		printf(
			'<label for="article-tagger-from">%s</label> <input type="number" class="small-text" id="article-tagger-from" name="from" min="0" max="100" value="%d"> %% <button class="button">%s</button></form>',
			esc_html__( 'Tick tags with a score of at least', 'article-tagger' ),
			(int) $from,
			esc_html__( 'Tick', 'article-tagger' )
		);
	}

	/**
	 * Show a post with its suggestions.
	 *
	 * @param \WP_Post $post The post.
	 * @param array[]  $open Its suggestions.
	 * @param int      $from The score in percent from which on they are ticked.
	 */
	private function show_post( \WP_Post $post, array $open, int $from ): void {
		$title  = html_entity_decode( _draft_or_post_title( $post ), ENT_QUOTES | ENT_HTML5, 'UTF-8' );
		$status = get_post_status_object( $post->post_status );
		printf(
			'<tr data-post="%d"><th scope="row"><a href="%s">%s</a><p class="description">%s · %s</p><input type="hidden" name="set[%1$d]" value="%s"></th><td><ul>',
			(int) $post->ID,
			esc_url( (string) get_edit_post_link( $post, 'raw' ) ),
			esc_html( $title ),
			esc_html( $status ? $status->label : $post->post_status ),
			esc_html( (string) get_the_date( '', $post ) ),
			esc_attr( $this->answers->answer( $post->ID )['set'] ?? '' )
		);
		foreach ( $open as $one ) {
			$this->show_tag( $post->ID, $one, $from );
		}
		echo '</ul></td></tr>';
	}

	/**
	 * Show a suggestion.
	 *
	 * @param int   $post_id The post.
	 * @param array $one     The suggestion.
	 * @param int   $from    The score in percent from which on it is ticked.
	 */
	private function show_tag( int $post_id, array $one, int $from ): void {
		$percent = min( (int) round( $one['score'] * 100 ), 99 ); // Nothing is certain.
		$marks   = array_filter(
			array(
				'category' === $one['kind'] ? __( 'Category', 'article-tagger' ) : '',
				$one['added'] && $one['archive'] ? __( 'From an archive run', 'article-tagger' ) : '',
				$one['added'] && ! $one['archive'] ? __( 'Added by itself', 'article-tagger' ) : '',
			)
		);
		printf(
			'<li><label><input type="checkbox" name="accept[%d][]" value="%s" data-score="%d"%s> <span class="article-tagger-label" dir="auto">%s</span> <span class="article-tagger-score">%3$d&nbsp;%%</span></label>',
			(int) $post_id,
			esc_attr( $one['id'] ),
			(int) $percent,
			checked( $percent >= $from, true, false ),
			esc_html( $one['label'] )
		);
		foreach ( $marks as $mark ) {
			echo ' <span class="article-tagger-mark">' . esc_html( $mark ) . '</span>';
		}
		if ( $one['words'] ) {
			/* translators: %s: words of the text, with commas between */
			echo '<span class="description" dir="auto">' . esc_html( sprintf( __( 'because of: %s', 'article-tagger' ), implode( ', ', $one['words'] ) ) ) . '</span>';
		}
		echo '</li>';
	}

	// --- its parts ---

	/**
	 * Return the suggestions of the posts that fit on a screen, and the posts that do not.
	 *
	 * @param int[] $ids The posts.
	 * @return array[] The suggestions by posts, and the other posts.
	 */
	private function to_show( array $ids ): array {
		_prime_post_caches( $ids );
		$shown  = array();
		$rest   = array();
		$n_tags = 0;
		foreach ( $ids as $post_id ) {
			$post = get_post( $post_id );
			if ( ! $post || ! $this->settings->covers( $post ) || ! current_user_can( 'edit_post', $post_id ) ) {
				continue;
			}
			$open = array_slice( $this->answers->open( $post_id ), 0, (int) $this->settings->get( 'shown' ) );
			if ( $open && ( $rest || count( $shown ) >= self::POSTS || $n_tags + count( $open ) > self::TAGS ) ) {
				$rest[] = $post_id;
			} elseif ( $open ) {
				$shown[ $post_id ] = $open;
				$n_tags           += count( $open );
			}
		}
		return array( $shown, $rest );
	}

	/**
	 * Return the newest posts that have suggestions.
	 *
	 * @return int[]
	 */
	private function newest(): array {
		return get_posts(
			array(
				'post_type'   => (array) $this->settings->get( 'post_types' ),
				'post_status' => array( 'publish', 'future', 'draft', 'pending', 'private' ),
				'numberposts' => 4 * self::POSTS,
				'fields'      => 'ids',
				'perm'        => 'editable',
				'meta_query'  => array( // phpcs:ignore WordPress.DB.SlowDBQuery
					'relation' => 'OR',
					array( 'key' => Open_Counts::OPEN, 'compare' => 'EXISTS' ), // phpcs:ignore
					array( 'key' => Open_Counts::MARKED, 'compare' => 'EXISTS' ), // phpcs:ignore
				),
			)
		);
	}

	/**
	 * Return the numbers of posts in a text.
	 *
	 * @param mixed $given The text.
	 * @return int[]
	 */
	private static function numbers( mixed $given ): array {
		$given = is_string( $given ) ? explode( ',', $given ) : array();
		return array_slice( array_values( array_unique( array_filter( array_map( 'absint', $given ) ) ) ), 0, 1000 );
	}

	/**
	 * Return the score in percent from which on suggestions are ticked.
	 *
	 * @param mixed $given What was typed.
	 */
	private static function from( mixed $given ): int {
		return is_string( $given ) && ctype_digit( $given ) ? min( 100, (int) $given ) : self::FROM;
	}
}
