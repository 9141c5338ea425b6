<?php
/**
 * The settings for all sites of a network.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Takes the address and the key once for all sites of a network. A site that sets its own uses that.
 */
class Network_Page {

	const PAGE = 'article-tagger-network';
	const SAVE = 'article_tagger_network';

	/**
	 * Keep the settings.
	 *
	 * @param Settings $settings The settings.
	 */
	public function __construct( private Settings $settings ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'network_admin_menu', array( $this, 'add_page' ) );
		add_action( 'network_admin_edit_' . self::SAVE, array( $this, 'save' ) );
	}

	/**
	 * Add the page to the menu of the network.
	 */
	public function add_page(): void {
		$title = __( 'Article Tagger', 'article-tagger' );
		add_submenu_page( 'settings.php', $title, $title, 'manage_network_options', self::PAGE, array( $this, 'show' ) );
	}

	/**
	 * Keep what was sent, and go back to the page.
	 */
	public function save(): void {
		if ( ! current_user_can( 'manage_network_options' ) ) {
			wp_die( esc_html__( 'You may not change the settings of the network.', 'article-tagger' ), '', array( 'response' => 403 ) );
		}
		check_admin_referer( self::SAVE );
		$given   = array_map( fn( mixed $text ) => is_string( $text ) ? trim( wp_unslash( $text ) ) : '', $_POST ); // phpcs:ignore WordPress.Security
		$address = Settings::address_in( $given['address'] ?? '' );
		$key     = ! empty( $given['forget_key'] ) || preg_match( '/[^\x21-\x7e]/', $given['key'] ?? '' ) ? '' : $given['key'] ?? '';
		if ( null !== $address ) {
			$kept = array(
				'address' => $address,
				'key'     => '' === $key && empty( $given['forget_key'] ) ? $this->settings->of_network( 'key' ) : $key,
			);
			update_site_option( Settings::NETWORK, $kept );
		}
		$query = array(
			'page'  => self::PAGE,
			'saved' => null === $address ? '0' : '1',
		);
		wp_safe_redirect( add_query_arg( $query, network_admin_url( 'settings.php' ) ) );
		exit;
	}

	/**
	 * Show the page.
	 */
	public function show(): void {
		if ( ! current_user_can( 'manage_network_options' ) ) {
			return;
		}
		echo '<div class="wrap"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
		$saved = isset( $_GET['saved'] ) ? (string) sanitize_key( $_GET['saved'] ) : ''; // phpcs:ignore WordPress.Security.NonceVerification
		if ( '' !== $saved ) {
			$text = '1' === $saved ? __( 'Saved.', 'article-tagger' ) : __( 'The address is none. It looks like https://tagger.example.org or http://127.0.0.1:8000.', 'article-tagger' );
			printf( '<div class="notice notice-%s" role="status"><p>%s</p></div>', '1' === $saved ? 'success' : 'error', esc_html( $text ) );
		}
		echo '<p>' . esc_html__( 'For all sites that set no address of their own. The ids of articles of each site but the main one have its number, so that sites do not overwrite each other.', 'article-tagger' ) . '</p>';
		printf( '<form method="post" action="%s"><table class="form-table" role="presentation">', esc_url( network_admin_url( 'edit.php?action=' . self::SAVE ) ) );
		wp_nonce_field( self::SAVE );
		printf(
			'<tr><th scope="row"><label for="article-tagger-address">%s</label></th><td><input type="url" class="regular-text code" id="article-tagger-address" name="address" value="%s"></td></tr>',
			esc_html__( 'Address of the service', 'article-tagger' ),
			esc_attr( $this->settings->of_network( 'address' ) )
		);
		printf(
			'<tr><th scope="row"><label for="article-tagger-key">%s</label></th><td><input type="password" class="regular-text code" id="article-tagger-key" name="key" value="" autocomplete="off" placeholder="%s"></td></tr>',
			esc_html__( 'Key', 'article-tagger' ),
			esc_attr( '' === $this->settings->of_network( 'key' ) ? '' : __( 'One is set; leave empty to keep it', 'article-tagger' ) )
		);
		echo '</table><p><label><input type="checkbox" name="forget_key" value="1"> ' . esc_html__( 'Forget the key', 'article-tagger' ) . '</label></p>';
		submit_button();
		echo '</form></div>';
	}
}
