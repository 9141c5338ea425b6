<?php
/**
 * Suggestions in the lists of posts.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Adds a column and two views to the lists of what is sent: posts with suggestions, and posts with tags that nobody has
 * confirmed. What a list shows of its posts costs no query, and the numbers of the views cost one.
 */
class Posts_List {

	const COLUMN = 'article_tagger';
	const VIEW   = 'article_tagger'; // In the address of a list: one of VIEWS.
	const BULK   = 'article_tagger_accept';
	const VIEWS  = array(
		'open'   => Open_Counts::OPEN,
		'marked' => Open_Counts::MARKED,
	);

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 */
	public function __construct( private Settings $settings ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'admin_init', array( $this, 'add_to_lists' ) );
		add_action( 'pre_get_posts', array( $this, 'filter' ) );
		add_action( 'admin_enqueue_scripts', array( $this, 'add_style' ) );
	}

	/**
	 * Add column, views and bulk action to the lists of what is sent.
	 */
	public function add_to_lists(): void {
		foreach ( (array) $this->settings->get( 'post_types' ) as $type ) {
			add_filter( "manage_{$type}_posts_columns", array( $this, 'add_column' ) );
			add_action( "manage_{$type}_posts_custom_column", array( $this, 'show_column' ), 10, 2 );
			add_filter( "views_edit-$type", array( $this, 'add_views' ) );
			add_filter( "bulk_actions-edit-$type", array( $this, 'add_bulk_action' ) );
			add_filter( "handle_bulk_actions-edit-$type", array( $this, 'go_to_accept' ), 10, 3 );
		}
	}

	/**
	 * Add the style of the lists.
	 *
	 * @param string $page The page.
	 */
	public function add_style( string $page ): void {
		if ( 'edit.php' === $page ) {
			wp_enqueue_style( 'article-tagger-lists', plugins_url( 'assets/lists.css', FILE ), array(), VERSION );
		}
	}

	// --- the column ---

	/**
	 * Add the column, before that of the date.
	 *
	 * @param string[] $columns The columns.
	 */
	public function add_column( array $columns ): array {
		$place = array_search( 'date', array_keys( $columns ), true );
		$place = false === $place ? count( $columns ) : $place;
		$ours  = array( self::COLUMN => __( 'Suggested tags', 'article-tagger' ) );
		return array_merge( array_slice( $columns, 0, $place ), $ours, array_slice( $columns, $place ) );
	}

	/**
	 * Show how many suggestions a post has, and how many of its tags nobody has confirmed.
	 *
	 * @param string $column  The column.
	 * @param int    $post_id The post.
	 */
	public function show_column( string $column, int $post_id ): void {
		if ( self::COLUMN !== $column ) {
			return;
		}
		$open   = (int) get_post_meta( $post_id, Open_Counts::OPEN, true );
		$marked = (int) get_post_meta( $post_id, Open_Counts::MARKED, true );
		if ( 0 === $open + $marked ) {
			echo '<span aria-hidden="true">—</span><span class="screen-reader-text">' . esc_html__( 'No suggestions', 'article-tagger' ) . '</span>';
			return;
		}
		if ( $open ) {
			/* translators: %s: a number of suggestions */
			$this->show_number( $post_id, sprintf( _n( '%s suggestion', '%s suggestions', $open, 'article-tagger' ), number_format_i18n( $open ) ) );
		}
		if ( $marked ) {
			/* translators: %s: a number of tags that were added without an editor */
			$text = sprintf( _n( '%s tag to confirm', '%s tags to confirm', $marked, 'article-tagger' ), number_format_i18n( $marked ) );
			echo '<span class="article-tagger-mark">';
			$this->show_number( $post_id, $text );
			echo '</span>';
		}
	}

	/**
	 * Show a number, with a link for those who may decide.
	 *
	 * @param int    $post_id The post.
	 * @param string $text    The number in words.
	 */
	private function show_number( int $post_id, string $text ): void {
		if ( current_user_can( 'edit_post', $post_id ) ) {
			printf( '<a href="%s">%s</a>', esc_url( $this->accept_url( array( $post_id ) ) ), esc_html( $text ) );
		} else {
			echo esc_html( $text );
		}
	}

	// --- the views ---

	/**
	 * Add the views with the numbers of their posts.
	 *
	 * @param string[] $views The views of WordPress.
	 */
	public function add_views( array $views ): array {
		global $typenow;
		$numbers = $this->numbers( (string) $typenow );
		$texts   = array(
			/* translators: %s: a number of posts */
			'open'   => __( 'Has suggestions %s', 'article-tagger' ),
			/* translators: %s: a number of posts */
			'marked' => __( 'Has tags to confirm %s', 'article-tagger' ),
		);
		foreach ( $texts as $view => $text ) {
			$n = $numbers[ self::VIEWS[ $view ] ] ?? 0;
			if ( $n ) {
				$url     = add_query_arg( array( 'post_type' => $typenow, self::VIEW => $view ), admin_url( 'edit.php' ) ); // phpcs:ignore
				$current = self::view() === $view ? ' class="current" aria-current="page"' : '';
				$number  = sprintf( '<span class="count">(%s)</span>', esc_html( number_format_i18n( $n ) ) );

				$views[ "article-tagger-$view" ] = sprintf( '<a href="%s"%s>%s</a>', esc_url( $url ), $current, sprintf( esc_html( $text ), $number ) );
			}
		}
		return $views;
	}

	/**
	 * Show the posts of a view alone.
	 *
	 * @param \WP_Query $query What WordPress asks for.
	 */
	public function filter( \WP_Query $query ): void {
		$type = $query->get( 'post_type' );
		$type = is_string( $type ) && '' !== $type ? $type : 'post';
		if ( is_admin() && $query->is_main_query() && '' !== self::view() && in_array( $type, (array) $this->settings->get( 'post_types' ), true ) ) {
			$asked = $query->get( 'meta_query' );
			$ours  = array( array( 'key' => self::VIEWS[ self::view() ], 'compare' => 'EXISTS' ) ); // phpcs:ignore
			$query->set( 'meta_query', array_merge( is_array( $asked ) ? $asked : array(), $ours ) );
			if ( ! $this->sees_all( $type ) ) {
				$query->set( 'author', get_current_user_id() );
			}
		}
	}

	/**
	 * Return how many posts each view has.
	 *
	 * @param string $type The type of the posts.
	 * @return int[]
	 */
	private function numbers( string $type ): array {
		global $wpdb;
		$hidden = get_post_stati( array( 'show_in_admin_all_list' => false ) );
		$marks  = implode( ', ', array_fill( 0, count( $hidden ), '%s' ) );
		$query  = "SELECT meta_key, COUNT( DISTINCT post_id ) AS n FROM {$wpdb->postmeta} JOIN {$wpdb->posts} ON ID = post_id WHERE meta_key IN ( %s, %s ) AND post_type = %s AND post_status NOT IN ( $marks ) AND ( %d = 0 OR post_author = %d ) GROUP BY meta_key";
		$author = $this->sees_all( $type ) ? 0 : get_current_user_id();
		$values = array_merge( array_values( self::VIEWS ), array( $type ), array_values( $hidden ), array( $author, $author ) );
		return array_map( 'intval', wp_list_pluck( $wpdb->get_results( $wpdb->prepare( $query, $values ) ), 'n', 'meta_key' ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Whether the user may edit the posts of others; whoever may not gets the own ones alone.
	 *
	 * @param string $type The type of the posts.
	 */
	private function sees_all( string $type ): bool {
		$object = get_post_type_object( $type );
		return $object && current_user_can( $object->cap->edit_others_posts );
	}

	/**
	 * Return the view that is asked for; empty for none.
	 */
	private static function view(): string {
		$asked = $_GET[ self::VIEW ] ?? ''; // phpcs:ignore WordPress.Security
		return is_string( $asked ) && isset( self::VIEWS[ $asked ] ) ? $asked : '';
	}

	// --- the way to the screen on which suggestions are accepted ---

	/**
	 * Add the bulk action.
	 *
	 * @param string[] $actions The actions.
	 */
	public function add_bulk_action( array $actions ): array {
		return array_merge( $actions, array( self::BULK => __( 'Accept suggested tags…', 'article-tagger' ) ) );
	}

	/**
	 * Go to the screen that shows the suggestions of the posts that were selected. Nothing is accepted yet.
	 *
	 * @param string $url      Where to go on.
	 * @param string $action   The action.
	 * @param array  $post_ids The posts.
	 */
	public function go_to_accept( string $url, string $action, array $post_ids ): string {
		return self::BULK === $action ? $this->accept_url( $post_ids ) : $url;
	}

	/**
	 * Return the address of that screen.
	 *
	 * @param array $post_ids The posts.
	 */
	private function accept_url( array $post_ids ): string {
		return Accept_Page::url( $this->settings, array( 'posts' => implode( ',', array_map( 'intval', $post_ids ) ) ) );
	}
}
