<?php
/**
 * The places of the plugin in the screens of WordPress.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Puts the panel into both editors, and the bulk action into the lists of posts.
 */
class Screens {

	const BULK   = 'article_tagger_suggest';
	const MARKED = 'article_tagger_marked';

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Outbox   $outbox   What waits.
	 */
	public function __construct( private Settings $settings, private Outbox $outbox ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'init', array( $this, 'load_translations' ) );
		add_action( 'enqueue_block_editor_assets', array( $this, 'add_to_block_editor' ) );
		add_action( 'add_meta_boxes', array( $this, 'add_meta_box' ), 10, 2 );
		add_action( 'admin_enqueue_scripts', array( $this, 'add_to_classic_editor' ) );
		add_action( 'admin_init', array( $this, 'add_bulk_actions' ) );
		add_action( 'admin_notices', array( $this, 'say_how_many' ) );
		add_filter( 'removable_query_args', fn( array $names ) => array_merge( $names, array( self::MARKED ) ) );
	}

	/**
	 * Load the translations that come with the plugin.
	 */
	public function load_translations(): void {
		load_plugin_textdomain( 'article-tagger', false, dirname( plugin_basename( FILE ) ) . '/languages' );
	}

	/**
	 * Add the panel to the block editor of a post.
	 */
	public function add_to_block_editor(): void {
		$screen = get_current_screen();
		if ( $screen && 'post' === $screen->base && $this->is_sent( $screen->post_type ) ) {
			$this->enqueue( 'block-editor', array( 'wp-plugins', 'wp-edit-post', 'wp-editor', 'wp-data', 'wp-core-data' ) );
		}
	}

	/**
	 * Add the box of the classic editor; the block editor leaves it out.
	 *
	 * @param string $post_type The type of the post.
	 * @param mixed  $post      The post, or what else has such boxes.
	 */
	public function add_meta_box( string $post_type, mixed $post ): void {
		if ( $post instanceof \WP_Post && $this->is_sent( $post_type ) ) {
			$title = __( 'Suggested tags', 'article-tagger' );
			add_meta_box( 'article-tagger', $title, array( $this, 'show_meta_box' ), $post_type, 'side', 'core', array( '__back_compat_meta_box' => true ) );
			$this->put_below_publish( $post_type );
		}
	}

	/**
	 * Put the box of the classic editor directly below that which publishes, which stays where it was.
	 *
	 * @param string $post_type The type of the post.
	 */
	private function put_below_publish( string $post_type ): void {
		global $wp_meta_boxes;
		$boxes = $wp_meta_boxes[ $post_type ]['side']['core'] ?? array();
		if ( isset( $boxes['submitdiv'], $boxes['article-tagger'] ) ) {
			$first = array_intersect_key( $boxes, array_flip( array( 'submitdiv', 'article-tagger' ) ) );

			$wp_meta_boxes[ $post_type ]['side']['core'] = $first + $boxes; // phpcs:ignore WordPress.WP.GlobalVariablesOverride
		}
	}

	/**
	 * Show the box of the classic editor, which a script fills.
	 *
	 * @param \WP_Post $post The post.
	 */
	public function show_meta_box( \WP_Post $post ): void {
		printf( '<div id="article-tagger-panel" data-post="%d"></div>', (int) $post->ID );
		echo '<p class="hide-if-js">' . esc_html__( 'Suggestions need JavaScript.', 'article-tagger' ) . '</p>';
	}

	/**
	 * Add what fills the box of the classic editor.
	 */
	public function add_to_classic_editor(): void {
		$screen = get_current_screen();
		if ( $screen && 'post' === $screen->base && ! $screen->is_block_editor() && $this->is_sent( $screen->post_type ) ) {
			$this->enqueue( 'classic-editor', array( 'jquery' ) );
		}
	}

	// --- the lists of posts ---

	/**
	 * Add the bulk action to the lists of what is sent.
	 */
	public function add_bulk_actions(): void {
		foreach ( (array) $this->settings->get( 'post_types' ) as $type ) {
			add_filter( "bulk_actions-edit-$type", array( $this, 'add_bulk_action' ) );
			add_filter( "handle_bulk_actions-edit-$type", array( $this, 'mark_all' ), 10, 3 );
		}
	}

	/**
	 * Add the bulk action.
	 *
	 * @param string[] $actions The actions.
	 */
	public function add_bulk_action( array $actions ): array {
		return array_merge( $actions, array( self::BULK => __( 'Suggest tags', 'article-tagger' ) ) );
	}

	/**
	 * Have suggestions made for the posts that were selected. WordPress has checked the nonce.
	 *
	 * @param string $url      Where to go on.
	 * @param string $action   The action.
	 * @param array  $post_ids The posts.
	 */
	public function mark_all( string $url, string $action, array $post_ids ): string {
		if ( self::BULK !== $action ) {
			return $url;
		}
		$n_marked = 0;
		foreach ( array_map( 'intval', $post_ids ) as $post_id ) {
			$post = get_post( $post_id );
			if ( $post && $this->settings->covers( $post ) && current_user_can( 'edit_post', $post_id ) ) {
				$this->outbox->mark( $post_id, true );
				++$n_marked;
			}
		}
		return add_query_arg( self::MARKED, $n_marked, $url );
	}

	/**
	 * Say for how many posts suggestions are made.
	 */
	public function say_how_many(): void {
		$screen = get_current_screen();
		if ( ! $screen || 'edit' !== $screen->base || ! isset( $_GET[ self::MARKED ] ) ) { // phpcs:ignore WordPress.Security.NonceVerification
			return;
		}
		$n_marked = absint( $_GET[ self::MARKED ] ); // phpcs:ignore WordPress.Security.NonceVerification
		/* translators: %s: a number of posts */
		$text = sprintf( _n( 'Suggestions are on their way for %s post. They show in its editor.', 'Suggestions are on their way for %s posts. They show in their editors.', $n_marked, 'article-tagger' ), number_format_i18n( $n_marked ) );
		echo '<div class="notice notice-success is-dismissible"><p>' . esc_html( $text ) . '</p></div>';
	}

	/**
	 * Add a script and all that the panel needs.
	 *
	 * @param string   $name  The script that puts the panel into an editor.
	 * @param string[] $needs What it needs besides the panel.
	 */
	private function enqueue( string $name, array $needs ): void {
		$scripts = array(
			'suggestions' => array( 'wp-element', 'wp-api-fetch', 'wp-i18n', 'wp-a11y' ),
			'panel'       => array( 'article-tagger-suggestions', 'wp-components', 'wp-url' ),
			$name         => array_merge( array( 'article-tagger-panel' ), $needs ),
		);
		foreach ( $scripts as $script => $before ) {
			wp_enqueue_script( "article-tagger-$script", plugins_url( "assets/$script.js", FILE ), $before, VERSION, true );
			wp_set_script_translations( "article-tagger-$script", 'article-tagger', plugin_dir_path( FILE ) . 'languages' );
		}
		wp_enqueue_style( 'article-tagger', plugins_url( 'assets/panel.css', FILE ), array( 'wp-components' ), VERSION );
	}

	/**
	 * Whether posts of a type are sent.
	 *
	 * @param string $post_type The type.
	 */
	private function is_sent( string $post_type ): bool {
		return in_array( $post_type, (array) $this->settings->get( 'post_types' ), true );
	}
}
