<?php
/**
 * The page of the settings.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Shows the settings and how the connection is, and takes what an administrator sets.
 */
class Settings_Page {

	const PAGE  = 'article-tagger';
	const GROUP = 'article_tagger';

	/**
	 * Keep the parts.
	 *
	 * @param Settings    $settings The settings.
	 * @param Health      $health   The connection.
	 * @param Kinds_Field $kinds    The choice of taxonomies for kinds of tags.
	 */
	public function __construct( private Settings $settings, private Health $health, private Kinds_Field $kinds ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'admin_menu', array( $this, 'add_page' ) );
		add_action( 'admin_init', array( $this, 'add_fields' ) );
		add_action( 'add_option_' . Settings::OPTION, array( self::class, 'changed' ) );
		add_action( 'update_option_' . Settings::OPTION, array( self::class, 'changed' ) );
		add_action( 'update_option_' . Settings::SITE, array( self::class, 'changed' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( FILE ), array( $this, 'add_link' ) );
	}

	/**
	 * Add the page to the menu.
	 */
	public function add_page(): void {
		$title = __( 'Article Tagger', 'article-tagger' );
		add_options_page( $title, $title, 'manage_options', self::PAGE, array( $this, 'show' ) );
	}

	/**
	 * Add a link to the page in the list of plugins.
	 *
	 * @param string[] $links The links.
	 */
	public function add_link( array $links ): array {
		$url = admin_url( 'options-general.php?page=' . self::PAGE );
		return array_merge( array( '<a href="' . esc_url( $url ) . '">' . esc_html__( 'Settings', 'article-tagger' ) . '</a>' ), $links );
	}

	/**
	 * Forget what was known of another address or key, or while this site was a copy.
	 */
	public static function changed(): void {
		delete_option( Outbox::PAUSE );
		delete_transient( Tags::CACHE );
		delete_transient( Feed::BEHIND );
		delete_transient( Archive::BEHIND );
		Term_Sync::begin_anew();
	}

	/**
	 * Tell WordPress of the fields.
	 */
	public function add_fields(): void {
		register_setting(
			self::GROUP,
			Settings::OPTION,
			array(
				'type'              => 'array',
				'sanitize_callback' => array( $this, 'sanitize' ),
				'show_in_rest'      => false,
			)
		);
		// No field of the form: WordPress writes all options of the group when the page is saved, and this is always this site.
		register_setting( self::GROUP, Settings::SITE, array( 'sanitize_callback' => array( Settings::class, 'here' ) ) );
		add_settings_section( 'all', '', '__return_null', self::PAGE );
		$fields = array(
			'address'           => __( 'Address of the service', 'article-tagger' ),
			'key'               => __( 'Key', 'article-tagger' ),
			'post_types'        => __( 'What is sent', 'article-tagger' ),
			'taxonomies'        => __( 'Taxonomies that hold tags', 'article-tagger' ),
			'tag_taxonomy'      => __( 'Accepted tags go to', 'article-tagger' ),
			'category_taxonomy' => __( 'The accepted category goes to', 'article-tagger' ),
			'kinds'             => __( 'Kinds of tags', 'article-tagger' ),
			'shown'             => __( 'Suggestions shown at most', 'article-tagger' ),
			'auto'              => __( 'Adding by itself', 'article-tagger' ),
			'completes'         => __( 'Complete tags', 'article-tagger' ),
			'drafts'            => __( 'While writing', 'article-tagger' ),
			'prefix'            => __( 'Ids of articles begin with', 'article-tagger' ),
			'follow'            => __( 'Changes of the tags', 'article-tagger' ),
			'archive'           => __( 'Archive runs', 'article-tagger' ),
		);
		foreach ( $fields as $name => $title ) {
			$for = in_array( $name, array( 'post_types', 'taxonomies', 'auto', 'completes', 'drafts', 'follow', 'archive', 'kinds' ), true ) ? array() : array( 'label_for' => "article-tagger-$name" );
			add_settings_field( $name, esc_html( $title ), array( $this, 'show_' . $name ), self::PAGE, 'all', $for );
		}
	}

	/** Show the page. */
	public function show(): void {
		if ( ! current_user_can( 'manage_options' ) ) {
			return;
		}
		echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1><div id="article-tagger-health" role="status">';
		foreach ( $this->health->lines() as list( $level, $text ) ) {
			printf( '<div class="notice notice-%s inline"><p>%s</p></div>', esc_attr( $level ), esc_html( $text ) );
		}
		printf( '</div><p><a href="%s">%s</a></p>', esc_url( Map_Page::url() ), esc_html__( 'Which term stands for which tag', 'article-tagger' ) );
		echo '<form action="options.php" method="post">';
		settings_fields( self::GROUP );
		do_settings_sections( self::PAGE );
		submit_button();
		echo '</form></div>';
	}

	// --- what was set ---

	/**
	 * Return what is kept of what was sent; what cannot be is said, and stays as it was.
	 *
	 * @param mixed $given What was sent.
	 */
	public function sanitize( mixed $given ): array {
		$given = is_array( $given ) ? $given : array();
		$kinds = array_keys( $this->taxonomy_choices() );
		return array(
			'address'           => $this->address( (string) ( $given['address'] ?? '' ) ),
			'key'               => $this->key( $given ),
			'post_types'        => $this->chosen( $given['post_types'] ?? array(), array_keys( $this->post_type_choices() ) ),
			'taxonomies'        => $this->chosen( $given['taxonomies'] ?? array(), $kinds ),
			'tag_taxonomy'      => $this->one_of( 'tag_taxonomy', $given, $kinds ),
			'category_taxonomy' => $this->one_of( 'category_taxonomy', $given, $kinds ),
			'kinds'             => $this->kinds->chosen( $given['kinds'] ?? null, $kinds ),
			'shown'             => max( 1, min( 50, absint( $given['shown'] ?? Settings::DEFAULTS['shown'] ) ) ),
			'auto'              => ! empty( $given['auto'] ),
			'prefix'            => $this->prefix( (string) ( $given['prefix'] ?? Settings::default_prefix() ) ),
			'completes'         => ! empty( $given['completes'] ),
			'drafts'            => ! empty( $given['drafts'] ),
			'follow'            => ! empty( $given['follow'] ),
			'archive'           => ! empty( $given['archive'] ),
			'slugs'             => ! empty( $given['slugs'] ),
		);
	}

	/**
	 * Return the address, or the one before if it is none.
	 *
	 * @param string $given What was sent.
	 */
	private function address( string $given ): string {
		$address = Settings::address_in( $given );
		if ( null === $address ) {
			add_settings_error( self::GROUP, 'address', __( 'The address is none. It looks like https://tagger.example.org or http://127.0.0.1:8000.', 'article-tagger' ) );
		}
		return $address ?? (string) $this->settings->own( 'address' );
	}

	/**
	 * Return the key: an empty field keeps the one that there is, which is never shown.
	 *
	 * @param array $given What was sent.
	 */
	private function key( array $given ): string {
		$key = trim( (string) ( $given['key'] ?? '' ) );
		if ( ! empty( $given['forget_key'] ) ) {
			return '';
		}
		if ( preg_match( '/[^\x21-\x7e]/', $key ) ) {
			add_settings_error( self::GROUP, 'key', __( 'The key has characters that no key has. Copy it again.', 'article-tagger' ) );
			$key = '';
		}
		return '' === $key ? (string) $this->settings->own( 'key' ) : $key;
	}

	/**
	 * Return what article ids begin with, or what they began with before.
	 *
	 * @param string $given What was sent.
	 */
	private function prefix( string $given ): string {
		if ( preg_match( '/^[A-Za-z0-9._:-]{0,100}$/D', $given ) ) {
			return $given;
		}
		add_settings_error( self::GROUP, 'prefix', __( 'Ids are made of letters, digits and . _ : -', 'article-tagger' ) );
		return (string) $this->settings->get( 'prefix' );
	}

	/**
	 * Return which of some choices were made.
	 *
	 * @param mixed    $given   What was sent.
	 * @param string[] $choices The choices.
	 * @return string[]
	 */
	private function chosen( mixed $given, array $choices ): array {
		return array_values( array_intersect( $choices, array_filter( (array) $given, 'is_string' ) ) );
	}

	/**
	 * Return a choice, or the one before if it is none.
	 *
	 * @param string   $name    The setting.
	 * @param array    $given   What was sent.
	 * @param string[] $choices The choices.
	 */
	private function one_of( string $name, array $given, array $choices ): string {
		$one = $given[ $name ] ?? '';
		return in_array( $one, $choices, true ) ? $one : (string) $this->settings->get( $name );
	}

	// --- the fields ---

	/** Show the field of the address. */
	public function show_address(): void {
		printf(
			'<input type="url" class="regular-text code" id="article-tagger-address" name="%s[address]" value="%s" placeholder="%s">',
			esc_attr( Settings::OPTION ),
			esc_attr( (string) $this->settings->own( 'address' ) ),
			esc_attr( '' === $this->settings->of_network( 'address' ) ? 'http://127.0.0.1:8000' : $this->settings->of_network( 'address' ) )
		);
		if ( '' !== $this->settings->of_network( 'address' ) ) {
			$this->show_note( __( 'Empty: address and key of the network are used.', 'article-tagger' ) );
		}
	}

	/** Show the field of the key, without the key. */
	public function show_key(): void {
		if ( $this->settings->key_is_constant() ) {
			echo '<p id="article-tagger-key">' . esc_html__( 'Set in wp-config.php (ARTICLE_TAGGER_KEY).', 'article-tagger' ) . '</p>';
			return;
		}
		$is_set = '' !== (string) $this->settings->own( 'key' );
		printf(
			'<input type="password" class="regular-text code" id="article-tagger-key" name="%s[key]" value="" autocomplete="off" placeholder="%s">',
			esc_attr( Settings::OPTION ),
			esc_attr( $is_set ? __( 'One is set; leave empty to keep it', 'article-tagger' ) : '' )
		);
		if ( $is_set ) {
			$this->show_box( 'checkbox', '[forget_key]', '1', __( 'Forget the key', 'article-tagger' ), false );
		}
		$this->show_note( __( 'Made by whoever runs the service: python -m classifier keys create wordpress --role cms', 'article-tagger' ) );
	}

	/** Show the field of the post types. */
	public function show_post_types(): void {
		foreach ( $this->post_type_choices() as $name => $label ) {
			$this->show_box( 'checkbox', '[post_types][]', $name, $label, in_array( $name, (array) $this->settings->get( 'post_types' ), true ) );
		}
		$this->show_note( __( 'Title, excerpt and text of these, drafts too, are sent to the service when they are saved; posts with a password are not.', 'article-tagger' ) );
	}

	/** Show the field of the taxonomies. */
	public function show_taxonomies(): void {
		foreach ( $this->taxonomy_choices() as $name => $label ) {
			$this->show_box( 'checkbox', '[taxonomies][]', $name, $label, in_array( $name, $this->settings->taxonomies(), true ) );
		}
	}

	/** Show the field of the taxonomy for tags. */
	public function show_tag_taxonomy(): void {
		$this->show_select( 'tag_taxonomy' );
	}

	/** Show the field of the taxonomy for the category. */
	public function show_category_taxonomy(): void {
		$this->show_select( 'category_taxonomy' );
		$this->show_note( __( 'The kind of article, of which the service suggests one. It is only ever set by an editor.', 'article-tagger' ) );
	}

	/** Show the field of the kinds of tags. */
	public function show_kinds(): void {
		$this->kinds->show( $this->taxonomy_choices() );
	}

	/** Show the field of the number of suggestions. */
	public function show_shown(): void {
		printf(
			'<input type="number" class="small-text" id="article-tagger-shown" name="%s[shown]" value="%d" min="1" max="50">',
			esc_attr( Settings::OPTION ),
			(int) $this->settings->get( 'shown' )
		);
	}

	/** Show the field of adding by itself. */
	public function show_auto(): void {
		$this->show_box( 'checkbox', '[auto]', '1', __( 'Add tags of which the service is sure before an editor accepts them', 'article-tagger' ), (bool) $this->settings->get( 'auto' ) );
		$this->show_note( __( 'Only tags whose term is there already, and never the category. They stay marked until an editor keeps or rejects them.', 'article-tagger' ) );
	}

	/** Show the field of what publishing says. */
	public function show_completes(): void {
		$this->show_box( 'checkbox', '[completes]', '1', __( 'Publishing a post says that its tags are complete, where the editor had the panel open', 'article-tagger' ), (bool) $this->settings->get( 'completes' ) );
	}

	/** Show the field of suggestions before a save. */
	public function show_drafts(): void {
		$this->show_box( 'checkbox', '[drafts]', '1', __( 'Suggest tags while a post is written, before it is saved (the service keeps nothing of that text)', 'article-tagger' ), (bool) $this->settings->get( 'drafts' ) );
	}

	/** Show the field of the prefix. */
	public function show_prefix(): void {
		printf(
			'<input type="text" class="regular-text code" id="article-tagger-prefix" name="%s[prefix]" value="%s" pattern="[A-Za-z0-9._:\-]{0,100}">',
			esc_attr( Settings::OPTION ),
			esc_attr( $this->settings->get( 'prefix' ) )
		);
		$this->show_note( __( 'Where several sites use one service, each needs its own. Changed later, the service takes all posts for new ones.', 'article-tagger' ) );
	}

	/** Show the fields of following the changes of the tags. */
	public function show_follow(): void {
		$this->show_box( 'checkbox', '[follow]', '1', __( 'Rename and merge terms as the tags of the article tagger are renamed and merged', 'article-tagger' ), (bool) $this->settings->get( 'follow' ) );
		$this->show_box( 'checkbox', '[slugs]', '1', __( 'Change the slug too, where it was the id of the tag', 'article-tagger' ), (bool) $this->settings->get( 'slugs' ) );
		$this->show_note( __( 'An undo at the article tagger gives posts back their terms. Old addresses lead to the new ones.', 'article-tagger' ) );
	}

	/** Show the field of what archive runs add. */
	public function show_archive(): void {
		$this->show_box( 'checkbox', '[archive]', '1', __( 'Give posts the tags that archive runs add, and take them off again when a run is undone', 'article-tagger' ), (bool) $this->settings->get( 'archive' ) );
		$this->show_note( __( 'They stay marked until an editor keeps or rejects them. A category is only suggested.', 'article-tagger' ) );
	}

	/**
	 * Show a box to tick.
	 *
	 * @param string $type   The type of the input.
	 * @param string $name   The end of its name.
	 * @param string $value  Its value.
	 * @param string $label  Its label.
	 * @param bool   $ticked Whether it is ticked.
	 */
	private function show_box( string $type, string $name, string $value, string $label, bool $ticked ): void {
		printf(
			'<p><label><input type="%s" name="%s" value="%s"%s> %s</label></p>',
			esc_attr( $type ),
			esc_attr( Settings::OPTION . $name ),
			esc_attr( $value ),
			checked( $ticked, true, false ),
			esc_html( $label )
		);
	}

	/**
	 * Show a choice of a taxonomy.
	 *
	 * @param string $name The setting.
	 */
	private function show_select( string $name ): void {
		printf( '<select id="article-tagger-%1$s" name="%2$s[%1$s]">', esc_attr( $name ), esc_attr( Settings::OPTION ) );
		foreach ( $this->taxonomy_choices() as $value => $label ) {
			printf( '<option value="%s"%s>%s</option>', esc_attr( $value ), selected( $value, $this->settings->get( $name ), false ), esc_html( $label ) );
		}
		echo '</select>';
	}

	/**
	 * Show a note under a field.
	 *
	 * @param string $text The note.
	 */
	private function show_note( string $text ): void {
		echo '<p class="description">' . esc_html( $text ) . '</p>';
	}

	/**
	 * Return the post types that may be sent, with their labels.
	 *
	 * @return string[]
	 */
	private function post_type_choices(): array {
		$types = get_post_types( array( 'public' => true ), 'objects' );
		unset( $types['attachment'] );
		return wp_list_pluck( $types, 'label', 'name' );
	}

	/**
	 * Return the taxonomies that may hold tags, with their labels.
	 *
	 * @return string[]
	 */
	private function taxonomy_choices(): array {
		$taxonomies = get_taxonomies(
			array(
				'public'  => true,
				'show_ui' => true,
			),
			'objects'
		);
		return wp_list_pluck( $taxonomies, 'label', 'name' );
	}
}
