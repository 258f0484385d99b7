export const style = `
:host { display: inline-block; --accent: #0f6b6b; --ink: #16202b; --card: #f4f6f8; --red: #b3262d; --on: #fff }
@media (prefers-color-scheme: dark) { :host { --accent: #5bc0bb; --ink: #e7edf3; --card: #11171d; --red: #b8343d; --on: #06282a } }
button, .button { font: 600 17px/1.3 system-ui, sans-serif; min-height: 48px; padding: 12px 22px; border-radius: 14px; border: 1px solid var(--accent);
  background: var(--accent); color: var(--on); cursor: pointer; text-decoration: none; display: inline-block; box-sizing: border-box }
:focus-visible { outline: 3px solid #1463d8; outline-offset: 2px }
dialog { box-sizing: border-box; width: min(440px, 100vw); height: min(820px, 100dvh); max-width: none; max-height: none; padding: 0; border: 0;
  border-radius: 22px; overflow: hidden; background: var(--card); color: var(--ink); font: 17px/1.5 system-ui, sans-serif }
dialog[open] { display: flex; flex-direction: column }
dialog::backdrop { background: rgb(10 16 22 / .55) }
iframe { flex: 1; border: 0; width: 100% }
.close { align-self: flex-end; min-height: 44px; min-width: 44px; padding: 0; margin: 4px 6px 0; font-size: 26px; background: none; border: 0; color: var(--ink) }
.note { padding: 4px 20px 16px; display: flex; flex-direction: column; gap: 10px }
.note p { margin: 0 } .note .button { text-align: center } [hidden] { display: none !important }
.danger { background: var(--red); border-color: var(--red); color: #fff }
@media (max-width: 480px) { dialog { border-radius: 0 } }
`;
