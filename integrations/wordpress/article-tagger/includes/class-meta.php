<?php
/**
 * Post meta, written for good.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * The writing functions of post meta, for a database that ends one of two writers. An editor saves a post while a sending of the
 * same post ends: InnoDB then refuses one of the two statements and asks to try again, which WordPress does not.
 */
class Meta {

	const TRIES   = 5;
	const LONGEST = 5; // seconds: by default a lock that does not come takes 50, and an editor may be waiting.
	const LOCKED  = array( 1205, 1213 ); // A lock did not come in time; a deadlock.

	/**
	 * Do what update_post_meta() does.
	 *
	 * @param int    $post_id The post.
	 * @param string $key     The name of the field.
	 * @param mixed  $value   The value, with slashes.
	 * @param mixed  $before  The value of the rows to change, with slashes; empty for all rows.
	 */
	public static function update( int $post_id, string $key, mixed $value, mixed $before = '' ): int|bool {
		return self::write( fn() => update_post_meta( $post_id, $key, $value, $before ) );
	}

	/**
	 * Do what add_post_meta() does.
	 *
	 * @param int    $post_id The post.
	 * @param string $key     The name of the field.
	 * @param mixed  $value   The value, with slashes.
	 * @param bool   $unique  Whether to leave alone what is there.
	 */
	public static function add( int $post_id, string $key, mixed $value, bool $unique = false ): int|bool {
		return self::write( fn() => add_post_meta( $post_id, $key, $value, $unique ) );
	}

	/**
	 * Do what delete_post_meta() does.
	 *
	 * @param int    $post_id The post.
	 * @param string $key     The name of the field.
	 * @param mixed  $value   The value of the rows to delete, with slashes; empty for all rows.
	 */
	public static function delete( int $post_id, string $key, mixed $value = '' ): bool {
		return self::write( fn() => delete_post_meta( $post_id, $key, $value ) );
	}

	/**
	 * Write, and again while another writer is in the way. The error of the last attempt is logged as WordPress does. What is
	 * written is not written twice, even if a hook of somebody else's fails behind it.
	 *
	 * @param callable $write What writes.
	 */
	private static function write( callable $write ): int|bool {
		global $wpdb;
		$until = microtime( true ) + self::LONGEST;
		for ( $n = 1; ; $n++ ) {
			$wpdb->last_error = '';
			$was_quiet        = $wpdb->suppress_errors();
			$written          = $write();
			$wpdb->suppress_errors( $was_quiet );
			if ( '' === $wpdb->last_error ) {
				return $written;
			}
			$number  = $wpdb->dbh instanceof \mysqli ? mysqli_errno( $wpdb->dbh ) : 0; // phpcs:ignore WordPress.DB.RestrictedFunctions
			$is_last = self::TRIES === $n || microtime( true ) > $until;
			if ( false !== $written || $is_last || ! in_array( $number, self::LOCKED, true ) ) {
				$wpdb->print_error();
				return $written;
			}
			usleep( wp_rand( 1000, 20000 ) );
		}
	}
}
