<?php
// A stand-in for WP-CLI: php wp_cli.php SITE CONFIG ARGUMENT... Only the public functions that the plugin calls, as
// https://make.wordpress.org/cli/handbook/references/internal-api/ describes them. Options that the command does not document are refused,
// as WP-CLI does.
namespace WP_CLI\Utils {
	class Bar {
		private int $n = 0;
		public function __construct( private string $text, private int $count ) {}
		public function tick( int $by = 1 ): void {
			$this->n += $by;
		}
		public function finish(): void {
			fwrite( STDERR, "{$this->text}: {$this->n} of {$this->count}\n" );
		}
	}
	function make_progress_bar( string $text, int $count ): Bar {
		return new Bar( $text, $count );
	}
	function get_flag_value( array $flags, string $flag, mixed $default = null ): mixed {
		return $flags[ $flag ] ?? $default;
	}
	function format_items( string $format, array $items, array $fields ): void {
		$rows = array_map( fn( array $item ) => array_intersect_key( $item, array_flip( $fields ) ), $items );
		echo 'json' === $format ? json_encode( $rows ) . "\n" : implode( "\n", array_map( fn( array $row ) => implode( "\t", $row ), $rows ) ) . "\n";
	}
}
namespace {
	class WP_CLI {
		public static array $commands = array();
		public static function add_command( string $name, object $command ): void {
			self::$commands[ $name ] = $command;
		}
		public static function log( string $text ): void {
			echo "$text\n";
		}
		public static function success( string $text ): void {
			echo "Success: $text\n";
		}
		public static function warning( string $text ): void {
			fwrite( STDERR, "Warning: $text\n" );
		}
		public static function error( string $text ): void {
			fwrite( STDERR, "Error: $text\n" );
			exit( 1 );
		}
		public static function halt( int $code ): void {
			exit( $code );
		}
		/** Find the method of a subcommand, and check options and arguments against what its comment documents. */
		public static function run( array $words ): void {
			$command = self::$commands[ array_shift( $words ) ] ?? self::error( 'There is no such command.' );
			$name    = array_shift( $words );
			$found   = null;
			foreach ( ( new ReflectionClass( $command ) )->getMethods( ReflectionMethod::IS_PUBLIC ) as $method ) {
				$called = preg_match( '/@subcommand (\S+)/', (string) $method->getDocComment(), $alias ) ? $alias[1] : $method->getName();
				$found  = $called === $name ? $method : $found;
			}
			if ( ! $found ) {
				self::error( "'$name' is not a registered subcommand." );
			}
			$args  = array();
			$flags = array();
			foreach ( $words as $word ) {
				if ( ! preg_match( '/^--([a-z-]+)(?:=(.*))?$/s', $word, $parts ) ) {
					$args[] = $word;
					continue;
				}
				$as = isset( $parts[2] ) ? "\\[--{$parts[1]}=<[a-z-]+>\\]" : "\\[--{$parts[1]}\\]";
				if ( ! preg_match( "/^\\s*\\* $as$/m", (string) $found->getDocComment() ) ) {
					self::error( "Parameter errors: unknown --{$parts[1]} parameter" );
				}
				$flags[ $parts[1] ] = $parts[2] ?? true;
			}
			if ( preg_match( '/^\s*\* <[a-z]+>$/m', (string) $found->getDocComment() ) && ! $args ) {
				self::error( "usage: wp article-tagger $name" );
			}
			$found->invoke( $command, $args, $flags );
		}
	}
	define( 'WP_CLI', true );
	define( 'WP_USE_THEMES', false );
	define( 'DISABLE_WP_CRON', true );
	$config   = json_decode( $argv[2], true );
	$_SERVER += array( 'HTTP_HOST' => $config['host'], 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/' );
	if ( getenv( 'TESTS_KILL_AFTER' ) ) {
		$GLOBALS['wp_filter'] = array( 'added_term_relationship' => array( 10 => array( array( 'accepted_args' => 0, 'function' => function () { static $n = 0; if ( ++$n > (int) getenv( 'TESTS_KILL_AFTER' ) ) { posix_kill( getmypid(), SIGKILL ); } } ) ) ) );
	}
	require $argv[1] . '/wp-load.php';
	WP_CLI::run( array_slice( $argv, 3 ) );
}
