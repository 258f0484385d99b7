const en = {
  call: "Call the hotline",
  close: "Close",
  onCall: "You are still on the call.",
  stay: "Back to the call",
  hangUp: "Hang up",
  blocked: "The call does not open inside this page.",
  newTab: "Open it in a new tab",
};

const zhHans: typeof en = {
  call: "拨打热线",
  close: "关闭",
  onCall: "您仍在通话中。",
  stay: "回到通话",
  hangUp: "挂断",
  blocked: "通话无法在本页内打开。",
  newTab: "在新标签页中打开",
};

const zhHant: typeof en = {
  call: "致電熱線",
  close: "關閉",
  onCall: "您仍在通話中。",
  stay: "返回通話",
  hangUp: "掛線",
  blocked: "通話無法在本頁內開啟。",
  newTab: "在新分頁開啟",
};

export function words(lang: string): typeof en {
  if (/^zh.*(hant|tw|hk|mo)|^yue/i.test(lang)) return zhHant;
  return /^zh/i.test(lang) ? zhHans : en;
}
