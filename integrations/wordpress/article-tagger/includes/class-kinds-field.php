<?php
/**
 * The field of the settings that says which kind of tag goes where.
 *
 * @package Article_Tagger
 */

namespace Article_Tagger;

defined( 'ABSPATH' ) || exit;

/**
 * Shows a choice of a taxonomy for each kind of tag and each type of post.
 */
class Kinds_Field {

	/**
	 * Keep the parts.
	 *
	 * @param Settings $settings The settings.
	 * @param Tags     $tags     The tags of the service.
	 */
	public function __construct( private Settings $settings, private Tags $tags ) {}

	/**
	 * Show the field.
	 *
	 * @param string[] $taxonomies The labels of the taxonomies by their names.
	 */
	public function show( array $taxonomies ): void {
		$kinds = $this->tags->kinds();
		if ( ! $kinds ) {
			echo '<p class="description">' . esc_html__( 'The kinds of tags are shown here once the service is there.', 'article-tagger' ) . '</p>';
			return;
		}
		$types = $this->types();
		echo '<table class="widefat striped" id="article-tagger-kinds"><thead><tr><th scope="col">' . esc_html__( 'Kind', 'article-tagger' ) . '</th>';
		foreach ( $types as $label ) {
			echo '<th scope="col">' . esc_html( $label ) . '</th>';
		}
		echo '</tr></thead><tbody>';
		foreach ( $kinds as $kind ) {
			echo '<tr><th scope="row">' . esc_html( $kind ) . '</th>';
			foreach ( $types as $type => $label ) {
				echo '<td>';
				$this->show_choice( $type, $kind, "$kind: $label", $taxonomies );
				echo '</td>';
			}
			echo '</tr>';
		}
		echo '</tbody></table>';
	}

	/**
	 * Return what is kept of what was chosen: by types and kinds, only what is not usual.
	 *
	 * @param mixed    $given      What was sent.
	 * @param string[] $taxonomies The names of the taxonomies.
	 */
	public function chosen( mixed $given, array $taxonomies ): array {
		$kept = array();
		foreach ( array_keys( $this->types() ) as $type ) {
			$of_type = is_array( $given ) && is_array( $given[ $type ] ?? null ) ? $given[ $type ] : array();
			foreach ( $of_type as $kind => $taxonomy ) {
				$fits = in_array( $taxonomy, $taxonomies, true ) && ( 'any' === $type || is_object_in_taxonomy( $type, $taxonomy ) );
				if ( $fits && preg_match( '/^[a-z0-9_-]{1,40}$/D', (string) $kind ) ) {
					$kept[ $type ][ $kind ] = $taxonomy;
				}
			}
		}
		return $kept;
	}

	/**
	 * Show a choice.
	 *
	 * @param string   $type       A type of post, or any.
	 * @param string   $kind       A kind of tag.
	 * @param string   $label      What the choice is called.
	 * @param string[] $taxonomies The labels of the taxonomies by their names.
	 */
	private function show_choice( string $type, string $kind, string $label, array $taxonomies ): void {
		$chosen = ( (array) $this->settings->get( 'kinds' ) )[ $type ][ $kind ] ?? '';
		printf( '<select name="%s[kinds][%s][%s]" aria-label="%s">', esc_attr( Settings::OPTION ), esc_attr( $type ), esc_attr( $kind ), esc_attr( $label ) );
		printf( '<option value="">%s</option>', esc_html( 'any' === $type ? __( 'As above', 'article-tagger' ) : __( 'As for all', 'article-tagger' ) ) );
		foreach ( $taxonomies as $name => $text ) {
			if ( 'any' === $type || is_object_in_taxonomy( $type, $name ) ) {
				printf( '<option value="%s"%s>%s</option>', esc_attr( $name ), selected( $name, $chosen, false ), esc_html( $text ) );
			}
		}
		echo '</select>';
	}

	/**
	 * Return the types of posts that are sent, with their labels. `any` stands for all.
	 *
	 * @return string[]
	 */
	private function types(): array {
		$types = array( 'any' => __( 'All', 'article-tagger' ) );
		foreach ( (array) $this->settings->get( 'post_types' ) as $name ) {
			$type = get_post_type_object( $name );
			if ( $type ) {
				$types[ $name ] = $type->label;
			}
		}
		return $types;
	}
}
