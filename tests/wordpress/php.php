<?php
// Runs PHP code inside the site: php php.php SITE < code. What the code returns is printed as JSON.
define( 'WP_USE_THEMES', false );
define( 'DISABLE_WP_CRON', true ); // No page view: only those run what is scheduled.
$config              = json_decode( $argv[2] ?? '{}', true );
$_SERVER            += array( 'HTTP_HOST' => $config['host'] ?? '127.0.0.1', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => $config['uri'] ?? '/' );
if ( ! empty( $config['installing'] ) ) {
	define( 'WP_INSTALLING', true );
}
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php'; // with it comes the rest of the administration
$run = function ( string $code, array $given ) {
	return eval( $code ); // phpcs:ignore
};
echo "\x1e", json_encode( $run( stream_get_contents( STDIN ), $config['given'] ?? array() ), JSON_THROW_ON_ERROR );
