<?php
/**
 * What administrators are told.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Says on the dashboard and in Site Health what an administrator has to do, so that nobody has to look at the settings page.
 */
class Notices {

	/**
	 * Keep the part.
	 *
	 * @param Health $health The connection.
	 */
	public function __construct( private Health $health ) {}

	/**
	 * Hook into WordPress.
	 */
	public function register(): void {
		add_action( 'admin_notices', array( $this, 'show' ) );
		add_filter( 'site_status_tests', array( $this, 'add_test' ) );
	}

	/**
	 * Show on the dashboard what there is to do.
	 */
	public function show(): void {
		$screen = get_current_screen();
		if ( ! $screen || 'dashboard' !== $screen->base || ! current_user_can( 'manage_options' ) ) {
			return;
		}
		foreach ( $this->health->to_do() as $text ) {
			printf( '<div class="notice notice-warning article-tagger-notice"><p>%s</p></div>', esc_html( $text ) );
		}
	}

	/**
	 * Add the test to Site Health.
	 *
	 * @param array $tests The tests.
	 */
	public function add_test( array $tests ): array {
		$tests['direct']['article_tagger'] = array(
			'label' => __( 'Article Tagger', 'article-tagger' ),
			'test'  => array( $this, 'test' ),
		);
		return $tests;
	}

	/**
	 * Return what Site Health shows.
	 */
	public function test(): array {
		$lines = $this->health->lines();
		$worst = in_array( Health::BAD, array_column( $lines, 0 ), true ) ? 'critical' : 'recommended';
		$good  = array( Health::GOOD ) === array_unique( array_column( $lines, 0 ) );
		return array(
			'label'       => $good ? __( 'The article tagger is connected', 'article-tagger' ) : __( 'The article tagger needs attention', 'article-tagger' ),
			'status'      => $good ? 'good' : $worst,
			'badge'       => array(
				'label' => __( 'Article Tagger', 'article-tagger' ),
				'color' => 'blue',
			),
			'description' => '<p>' . implode( '</p><p>', array_map( 'esc_html', array_column( $lines, 1 ) ) ) . '</p>',
			'actions'     => sprintf( '<a href="%s">%s</a>', esc_url( admin_url( 'options-general.php?page=' . Settings_Page::PAGE ) ), esc_html__( 'Settings', 'article-tagger' ) ),
			'test'        => 'article_tagger',
		);
	}
}
