const { transformSync } = require('esbuild');

/** What jest needs of a transformer; `import.meta` has no meaning in CommonJS, so its two paths are spelled as CommonJS spells them. */
module.exports = {
  process(source, path) {
    return transformSync(source, {
      loader: /\.ts$/.test(path) ? 'ts' : 'js',
      format: 'cjs',
      target: 'node24',
      sourcefile: path,
      sourcemap: 'inline',
      define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    });
  },
};
