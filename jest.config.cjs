const { availableParallelism } = require('node:os');
const { join } = require('node:path');

// Node keeps what it compiled for the next process: those that tests start, by the hundred, are up in half the time.
process.env.NODE_COMPILE_CACHE ??= join(__dirname, 'node_modules', '.cache', 'compiled');

/** Jest runs the sources as they are: esbuild strips the types and turns modules into CommonJS, which jest loads fastest. */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.[cm]?[jt]s$': '<rootDir>/test/esbuild-transform.cjs' },
  // Middy ships ES modules only: jest is told where they are, and transforms them as well.
  moduleNameMapper: {
    '^@middy/(core|util)$': '<rootDir>/node_modules/@middy/$1/index.js',
    // What other packages import is compiled; tests take the sources.
    '^rehost/infra$': '<rootDir>/lib/infra/index.ts',
  },
  transformIgnorePatterns: ['/node_modules/(?!(@middy)/)'],
  testTimeout: 20_000,
  // Most tests wait for processes and disks more than they compute.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
};
