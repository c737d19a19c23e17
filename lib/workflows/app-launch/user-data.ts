import type {
  S3Location,
  ScriptType,
  ServerLaunchConfiguration,
  ServerValidation,
} from '../../domain/app-configuration.ts';
import type { Services } from '../../ports.ts';
import { LaunchNotPossibleError } from './launch-not-possible-error.ts';
import { notificationUrl } from './notification-url.ts';

/** Bytes of user data that EC2 takes, before base64. Source: EC2 user guide, instance user data. */
const LONGEST = 16_384;

type Needs = Pick<Services, 'objects' | 'config' | 'tokenSecret'>;

/** What a server runs at its first boot: its own user data, then the script that configures it, then the one that validates it. */
export async function userDataOf(
  { logicalId, userData, configureScript, configureScriptType }: ServerLaunchConfiguration,
  validation: ServerValidation | undefined,
  services: Needs,
): Promise<string | undefined> {
  const own = userData && (await read(userData.s3Location, services));
  const scripts = [
    ...(configureScript ? [{ type: configureScriptType!, text: await read(configureScript, services) }] : []),
    ...(validation ? [await validationScript(validation, services)] : []),
  ];
  const [type] = scripts.map((script) => script.type);
  if (type && scripts.some((script) => script.type !== type))
    throw new LaunchNotPossibleError(`${logicalId}: its scripts are for two systems; give both as ${type}`);

  const parts = [...(own ? [own] : []), ...wrapped(type, scripts)];
  const whole = parts.length > 1 && type !== 'POWERSHELL_SCRIPT' ? multipart(parts) : parts.join('\n');
  if (Buffer.byteLength(whole) > LONGEST) {
    throw new LaunchNotPossibleError(
      `${logicalId}: user data and scripts have ${Buffer.byteLength(whole)} bytes, EC2 takes ${LONGEST}; let the script fetch the rest`,
    );
  }
  return whole || undefined;
}

async function validationScript(
  { validationId, userDataValidationParameters: { source, scriptType } }: ServerValidation,
  services: Needs,
): Promise<{ type: ScriptType; text: string }> {
  const script = await read(source.s3Location, services);
  const url = notificationUrl(validationId, services);
  const text = scriptType === 'POWERSHELL_SCRIPT' ? powershell(script, url) : shell(script, { validationId, url });
  return { type: scriptType, text };
}

/** Runs the script in a file of its own, whatever it begins with, and sends the end of its output with its outcome. */
const shell = (script: string, { validationId, url }: { validationId: string; url: string | undefined }) => `#!/bin/sh
folder=$(mktemp -d)
cat > "$folder/validate" <<'${validationId}'
${script}
${validationId}
chmod +x "$folder/validate"
if "$folder/validate" > "$folder/output" 2>&1; then status=SUCCEEDED; else status=FAILED; fi
${url ? `tail -c 2000 "$folder/output" | curl -sS --retry 10 --retry-delay 6 --data-binary @- "${url}/$status"` : 'echo "validation $status" > /dev/console'}
`;

const powershell = (script: string, url: string | undefined) => `$file = Join-Path $env:TEMP 'validate.ps1'
[IO.File]::WriteAllBytes($file, [Convert]::FromBase64String('${Buffer.from(script).toString('base64')}'))
$output = & powershell.exe -NoProfile -ExecutionPolicy Bypass -File $file 2>&1 | Out-String
$status = if ($LASTEXITCODE -eq 0) { 'SUCCEEDED' } else { 'FAILED' }
${url ? `Invoke-WebRequest -UseBasicParsing -Method Post -Uri "${url}/$status" -Body $output.Substring([Math]::Max(0, $output.Length - 2000))` : 'Write-Host "validation $status"'}`;

/** PowerShell scripts share one block: the launch agents run the first only. Shell scripts are parts of their own. */
function wrapped(type: ScriptType | undefined, scripts: readonly { readonly text: string }[]): string[] {
  const texts = scripts.map(({ text }) => text);
  return type === 'POWERSHELL_SCRIPT' ? [`<powershell>\n${texts.join('\n')}\n</powershell>`] : texts;
}

async function read(location: S3Location, { objects }: Pick<Services, 'objects'>): Promise<string> {
  const body = await objects.get(location);
  if (body !== undefined) return body;
  throw new LaunchNotPossibleError(`there is no object ${location.bucket}/${location.key}; put the script there first`);
}

/** Several user data parts as cloud-init takes them. Source: cloud-init, user data formats. */
function multipart(parts: readonly string[]): string {
  const boundary = 'rehost-user-data';
  const typed = parts.map((part) => {
    const type = part.startsWith('#cloud-config') ? 'text/cloud-config' : 'text/x-shellscript';
    return `--${boundary}\nContent-Type: ${type}; charset="utf-8"\n\n${part}\n`;
  });
  return `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n${typed.join('')}--${boundary}--\n`;
}
