<?php
/**
 * Plugin Name:       Article Tagger
 * Description:       Suggests tags for posts by your own article tagger, shows the words that speak for each, and sends back what editors decide.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      8.0
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       article-tagger
 * Domain Path:       /languages
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

const VERSION = '0.1.0'; // of classifier/__init__.py, as all versions of the product
const FILE    = __FILE__;

foreach ( array( 'settings', 'meta', 'text', 'reply', 'client', 'tags', 'terms', 'outbox', 'answers', 'undo', 'additions', 'archive', 'open-counts', 'term-sync', 'resend', 'hidden-terms', 'mover', 'feed', 'telling', 'sender', 'watcher', 'health', 'notices', 'privacy', 'kinds-field', 'settings-page', 'network-page', 'map-page', 'rest', 'asking', 'screens', 'posts-list', 'accept-page' ) as $article_tagger_part ) {
	require_once __DIR__ . '/includes/class-' . $article_tagger_part . '.php';
}
unset( $article_tagger_part );

/**
 * Join the parts and let each hook itself into WordPress.
 */
function start(): void {
	if ( ! function_exists( 'mb_scrub' ) ) {
		add_action( 'admin_notices', __NAMESPACE__ . '\say_what_is_missing' );
		return;
	}
	$settings = new Settings();
	$client   = new Client( $settings );
	$tags     = new Tags( $client );
	$terms    = new Terms( $settings );
	$outbox   = new Outbox();
	$answers  = new Answers( $settings, $terms, $outbox );
	$undo     = new Undo( $terms, $outbox, $answers );
	$sync     = new Term_Sync( $settings, $client, $terms, $outbox );
	$resend   = new Resend( $settings, $outbox );
	$mover    = new Mover( $settings, $client, $terms );
	$feed     = new Feed( $settings, $client, $outbox, $mover );
	$counts   = new Open_Counts( $settings, $answers );
	$added    = new Additions( $settings, $terms, $outbox, $answers, $counts );
	$archive  = new Archive( $settings, $client, $outbox, $added );
	$sender   = new Sender( $settings, $client, $outbox, $answers, $sync, $resend, $feed, $archive, $counts, new Telling( $settings, $client, $outbox, $answers, $undo ) );
	$rest     = new Rest( $settings, $tags, $terms, $outbox, $answers, $undo, $sender );
	$watcher  = new Watcher( $settings, $terms, $outbox, $answers );
	$health   = new Health( $settings, $client, $outbox );
	$map      = new Map_Page( $settings, $client, $tags, $terms, $resend, $feed );
	foreach (
		array(
			$sync,
			$sender,
			$watcher,
			$counts,
			new Posts_List( $settings ),
			new Accept_Page( $settings, $answers ),
			$rest,
			new Asking( $settings, $client, $tags, $outbox, $answers, $rest ),
			new Screens( $settings, $outbox ),
			new Settings_Page( $settings, $health, new Kinds_Field( $settings, $tags ) ),
			new Hidden_Terms( $settings ),
			new Notices( $health ),
			new Privacy(),
			new Network_Page( $settings ),
			$map,
		) as $part
	) {
		$part->register();
	}
	if ( defined( 'WP_CLI' ) && WP_CLI ) {
		require_once __DIR__ . '/includes/class-additions-file.php';
		require_once __DIR__ . '/includes/class-command.php';
		$file = new Additions_File( $tags, $added );
		\WP_CLI::add_command( 'article-tagger', new Command( $settings, $client, $tags, $outbox, $health, $map, $feed, $archive, $added, $file ) );
	}
}

/**
 * Say that PHP lacks an extension.
 */
function say_what_is_missing(): void {
	echo '<div class="notice notice-error"><p>' . esc_html__( 'Article Tagger does nothing yet: PHP has no mbstring extension. Install it.', 'article-tagger' ) . '</p></div>';
}

add_action( 'plugins_loaded', __NAMESPACE__ . '\start' );
register_deactivation_hook( __FILE__, array( Sender::class, 'unschedule' ) );
